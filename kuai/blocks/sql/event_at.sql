-- What happened where and when: no author, no text. Of an event outside the build's day nothing is left out.
select l.leaf_no, e.kind, year(e.occurred_on) * 100 + month(e.occurred_on) as month,
       coalesce(e.category, '') as category, coalesce(e.outcome, '') like '%不合格%' as has_failed
from event as e
join (select distinct from_code from holding where type = 'HE_OCCUR') as h on h.from_code = e.event_code
join place_leaf as l on l.place_code = e.place_code
where e.kind in ('request', 'inspection', 'case')
