-- Whom other sources know at a place on the build's day; who has moved out is a newcomer when they come back.
select distinct i.code as person_code, p.address_code
from row_link as l
join identified as i on i.mention_key = l.from_mention and i.element = 'person'
join place as p on p.mention_key = l.to_mention
where l.relation in ('PH_RESIDE', 'PH_RENT', 'PH_OWN', 'PH_HUKOU') and p.grade in ('A', 'B')
  and (l.valid_to is null or l.valid_to > cast($as_of as date))
