-- The dead, and whom a decision says departed: known to the build, or decided since. Whoever has a home that begins later
-- came back.
select d.code
from life_event as d
where d.element = 'person' and d.kind = 'death'
union
select d.code
from life_event as d
where d.element = 'person' and d.kind = 'departure' and d.decision is not null
  and not exists (
      select 1 from life_event as a where a.code = d.code and a.kind = 'arrival' and a.on_day > d.on_day
  )
  and not exists (
      select 1
      from relation as r
      where r.from_code = d.code and r.type = 'PH_RESIDE' and r.status in ('asserted', 'verified')
        and r.valid_from > d.on_day
  )
union
select code from gone_since
