-- What a row says about two of its elements: one row for each rule of the source's kind whose two ends it names.
with mention_index as (
    select row_no, role, 'person' as element from person_reading where not is_organisation
    union all
    select row_no, role, 'organisation' as element from organisation_reading
    union all
    select row_no, role, 'address' as element from address_reading
    union all
    select row_no, role, 'event' as element from event_reading
    union all
    select row_no, role, 'account' as element from account_token
),
-- A row that says which other record of its source it repeats or follows from; the other is found by its number.
related as (
    select
        row_no,
        case when role = 'duplicate' then 'EE_DUPLICATE' else 'EE_DERIVED' end as relation,
        number
    from related_cell
    where number <> '' and upper(number) not in (select word from placeholder_word)
),
said as (
    select
        f.row_no,
        case when f.element = 'organisation' and r.organisation_relation <> '' then r.organisation_relation else r.relation end as relation,
        case when f.element = 'organisation' and r.organisation_relation <> '' then r.organisation_role else r.role end as role,
        r.is_declared,
        f.role as from_role,
        t.role as to_role
    from link_rule as r
    inner join mention_index as f on f.role = r.from_role
    inner join mention_index as t on t.role = r.to_role and t.row_no = f.row_no
)
select
    k.record_key,
    $source as source,
    $period as period,
    s.row_no,
    s.relation,
    k.record_key || '#' || s.from_role as from_mention,
    k.record_key || '#' || s.to_role as to_mention,
    s.role,
    case when s.relation in ('PH_OWN', 'LH_TITLE', 'PL_SHARE', 'LL_CONTROL') then coalesce(d.share, '') else '' end as share,
    case when s.is_declared then d.valid_from end as valid_from,
    case when s.is_declared then d.valid_to end as valid_to,
    case when s.is_declared then coalesce(d.precision, 'unknown') else 'unknown' end as precision,
    d.recorded_on
from said as s
inner join row_key as k on k.row_no = s.row_no
left join row_day as d on d.row_no = s.row_no
where s.row_no not in (select row_no from map_quarantine)
union all
select
    k.record_key,
    $source as source,
    $period as period,
    r.row_no,
    r.relation,
    k.record_key || '#event' as from_mention,
    $source || ':' || r.number || '#event' as to_mention,
    '' as role,
    '' as share,
    null as valid_from,
    null as valid_to,
    'unknown' as precision,
    d.recorded_on
from related as r
inner join event_reading as e on e.row_no = r.row_no
inner join row_key as k on k.row_no = r.row_no
left join row_day as d on d.row_no = r.row_no
where r.row_no not in (select row_no from map_quarantine)
