-- What happened somewhere, as told by sources that permit the purpose. That a card's holder is new was found by holding
-- it against the registers of homes: only where every one of these permits it too.
select e.event_code, e.founding_mention, e.kind, e.category, e.outcome, e.occurred_on, e.place_code
from event as e
join permitted_source as s on s.source = split_part(e.founding_mention, ':', 1)
where e.kind <> 'new_resident_signal'
   or not exists (
       select 1
       from relation as r
       left join permitted_source as q on q.source = r.source
       where r.type in ('PH_RESIDE', 'PH_RENT', 'PH_OWN', 'PH_HUKOU') and q.source is null
   )
