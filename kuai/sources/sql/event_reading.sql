-- What happened, one event a row.
select
    e.row_no,
    'event' as role,
    e.kind,
    d.day as occurred_on,
    case when upper(e.category) in (select word from placeholder_word) then null else nullif(e.category, '') end as category,
    case when upper(e.outcome) in (select word from placeholder_word) then null else nullif(e.outcome, '') end as outcome
from event_cell as e
left join day_reading as d on d.raw = e.occurred_on
