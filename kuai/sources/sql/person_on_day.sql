-- The namings of persons of an earlier day, as they are on $as_of: who is a child follows from the birth, as in
-- person_mention; nothing else of them moves with the day.
select
    mention_key,
    record_key,
    source,
    period,
    row_no,
    role,
    id_kind,
    id_valid,
    id_token,
    phone_token,
    name_token,
    birth_date,
    birth_precision,
    sex,
    coalesce(
        case birth_precision
            when 'year' then birth_date + interval 1 year
            when 'month' then birth_date + interval 1 month
            else birth_date + interval 1 day
        end > cast($as_of as date) - interval 14 year + interval 1 day,
        false
    ) as is_child_under_14,
    recorded_on
from earlier_person
