-- Faulty numbers beside known ones that share the name, or at least the last eight characters:
-- one slip leaves the first ten or the last eight characters as they were (a swap across the seam is
-- found by the name alone, where the name is rare enough).
with faulty as (
  select id_faulty, name, count(*) as mentions
  from person_shape
  where length(id_faulty) between 17 and 19 and name is not null
  group by id_faulty, name
),
known as (
  select
    id_key,
    name,
    cast(id_key as varchar) as body,
    substr(cast(id_key as varchar), 11, 7) as tail,
    substr(cast(id_key as varchar), 1, 10) as head
  from person_shape
  where id_key is not null and name is not null
  group by id_key, name
)
select f.id_faulty, f.name as faulty_name, k.name as known_name, k.id_key, k.body
from faulty as f
inner join known as k on k.name = f.name and k.head = substr(f.id_faulty, 1, 10)
union
select f.id_faulty, f.name as faulty_name, k.name as known_name, k.id_key, k.body
from faulty as f
inner join known as k on k.tail = substr(f.id_faulty, length(f.id_faulty) - 7, 7)
where substr(k.name, 1, 1) = substr(f.name, 1, 1) or substr(k.name, 2, 2) = substr(f.name, 2, 2)
