-- Mentions that agree on the name and one more value, each tied to the first of its group. A group that
-- names two numbers, two birth dates, two sexes or (where the key says so) two phones, or that one register
-- lists twice, is two people with one name: it ties nobody.
with crowded as (
  select name, other
  from person_key_value
  where register_source is not null
  group by name, other, register_source
  having
    count(*) > 1
    and not (count(id_key) = count(*) and min(id_key) = max(id_key))
    and not (count(birth_date) = count(*) and min(birth_date) = max(birth_date))
  ),
agreed as (
  select v.name, v.other, min(v.mention_no) as first_no
  from person_key_value as v
  group by v.name, v.other
  having
    count(*) > 1
    and count(v.id_key) < count(*)
    and coalesce(min(v.id_key) = max(v.id_key), true)
    and coalesce(min(v.birth_date) = max(v.birth_date), true)
    and coalesce(min(v.sex) = max(v.sex), true)
    and coalesce(min(v.phone) = max(v.phone), true)
)
select v.mention_no, a.first_no
from person_key_value as v
inner join agreed as a on a.name = v.name and a.other = v.other
left join crowded as c on c.name = v.name and c.other = v.other
where v.mention_no <> a.first_no and c.name is null
