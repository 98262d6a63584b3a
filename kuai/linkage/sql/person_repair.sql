-- Mentions whose faulty number has exactly one near neighbour among the known numbers.
with sure as (
  select id_faulty, faulty_name as name, min(id_key) as id_key
  from slip_candidate
  group by id_faulty, faulty_name
  having min(id_key) = max(id_key)
),
known as (
  select id_key, min(mention_no) as first_no, min(birth_date) as birth_date, min(sex) as sex
  from person_shape
  where id_key in (select id_key from sure)
  group by id_key
)
select s.mention_no, k.first_no, k.id_key, k.birth_date, k.sex
from person_shape as s
inner join sure as r on r.id_faulty = s.id_faulty and r.name = s.name
inner join known as k on k.id_key = r.id_key
