-- What happened, for rows that are kept.
select
    k.record_key || '#' || e.role as mention_key,
    k.record_key,
    $source as source,
    $period as period,
    e.row_no,
    e.role,
    e.kind,
    e.occurred_on,
    e.category,
    e.outcome
from event_reading as e
inner join row_key as k on k.row_no = e.row_no
where e.row_no not in (select row_no from map_quarantine)
