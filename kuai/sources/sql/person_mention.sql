-- Namings of natural persons, with tokens instead of values.
select
    k.record_key || '#' || p.role as mention_key,
    k.record_key,
    $source as source,
    $period as period,
    p.row_no,
    p.role,
    p.id_kind,
    p.id_valid,
    p.id_token,
    p.phone_token,
    p.name_token,
    p.birth_date,
    p.birth_precision,
    p.sex,
    -- The latest day the written birth can mean: in doubt the person is a child.
    coalesce(
        case p.birth_precision
            when 'year' then p.birth_date + interval 1 year
            when 'month' then p.birth_date + interval 1 month
            else p.birth_date + interval 1 day
        end > cast($as_of as date) - interval 14 year + interval 1 day,
        false
    ) as is_child_under_14,
    d.recorded_on
from person_token as p
inner join row_key as k on k.row_no = p.row_no
left join row_day as d on d.row_no = p.row_no
