-- Who is named with which phone: so that a declaration looks at one row group instead of at all mentions of a city.
select distinct s.phone_token, s.name_token, m.code as person_code, p.is_child_under_14
from person_mention as s
join mention_element as m on m.mention_key = s.mention_key and m.element = 'person'
join person as p on p.person_code = m.code
where s.phone_token is not null and not p.quarantined
