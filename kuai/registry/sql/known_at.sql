-- Whom other sources know at a place on the build's day; who has moved out is a newcomer when they come back. A home that
-- is contested still makes them known: an objection must not send anybody to the door. Only when it is upheld it does not.
select distinct i.code as person_code, p.address_code
from link as l
join identified as i on i.mention_no = l.from_no and i.element = 'person'
join place as p on p.mention_no = l.to_no
left join fact_word as w on w.type = l.relation and w.from_code = i.code and w.to_code = p.address_code
where l.relation in ('PH_RESIDE', 'PH_RENT', 'PH_OWN', 'PH_HUKOU') and p.grade in ('A', 'B')
  and (l.valid_to is null or l.valid_to > cast($as_of as date))
  and w.retracted is null and (w.ended_on is null or l.valid_from >= w.ended_on)
