-- Whom a source that permits the purpose names; nobody gone, nobody of whom linkage does not know who is who.
select p.person_code
from person as p
where not p.quarantined
  and p.person_code not in (select code from person_gone)
  and p.person_code in (
      select m.code
      from mention_element as m
      join permitted_source as s on s.source = m.source
      where m.element = 'person'
  )
