-- Organisations that a source which permits the purpose names.
select distinct m.code as organisation_code
from mention_element as m
join permitted_source as s on s.source = m.source
where m.element = 'organisation' and m.code is not null
