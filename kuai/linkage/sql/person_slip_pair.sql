-- Faulty numbers beside known ones that share the name, or at least the last eight characters:
-- one slip leaves the first ten or the last eight characters as they were (a swap across the seam is
-- found by the name alone, where the name is rare enough).
with faulty as (
  select
    w.id_faulty,
    w.written,
    s.name,
    n.surname,
    n.rest,
    case
      when regexp_matches(substr(w.written, 1, 10), '^[0-9]{10}$') then cast(substr(w.written, 1, 10) as bigint)
    end as head,
    case
      when regexp_matches(substr(w.written, length(w.written) - 7, 7), '^[0-9]{7}$')
        then cast(substr(w.written, length(w.written) - 7, 7) as bigint)
    end as tail
  from (select id_faulty, name from person_shape where id_faulty is not null and name is not null group by id_faulty, name) as s
  inner join person_faulty as w on w.id_faulty = s.id_faulty
  inner join person_spelling as n on n.name = s.name
  where length(w.written) between 17 and 19
),
same_head as (
  select f.id_faulty, f.written, f.name as faulty_name, k.name as known_name, k.id_key
  from person_shape as k
  inner join faulty as f on k.name = f.name and f.head = k.id_key // 10000000
  where k.id_key is not null
),
same_tail as (
  select f.id_faulty, f.written, f.name as faulty_name, f.surname, f.rest, k.name as known_name, k.id_key
  from person_shape as k
  inner join faulty as f on f.tail = k.id_key % 10000000
  where k.id_key is not null and k.name is not null
)
select id_faulty, written, faulty_name, known_name, id_key
from same_head
union
select t.id_faulty, t.written, t.faulty_name, t.known_name, t.id_key
from same_tail as t
inner join person_spelling as n on n.name = t.known_name
where n.surname = t.surname or n.rest = t.rest
