-- Mentions that agree on the name and one more value, each tied to the first of its group. A group that
-- names two numbers, two birth dates or two sexes is two people with one name: it ties nobody.
with agreed as (
  select name, other, min(mention_no) as first_no
  from person_key_value
  group by name, other
  having
    count(*) > 1
    and count(id_key) < count(*)
    and coalesce(min(id_key) = max(id_key), true)
    and coalesce(min(birth_date) = max(birth_date), true)
    and coalesce(min(sex) = max(sex), true)
)
select v.mention_no, a.first_no
from person_key_value as v
inner join agreed as a on a.name = v.name and a.other = v.other
where v.mention_no <> a.first_no
