-- Mentions that agree on the name and one more value (`group_no`), each tied to the first of its group. A group
-- that names two numbers, two birth dates, two sexes or (where the key says so) two phones, or that one register
-- lists twice, is two people with one name: it ties nobody.
-- Most groups are all numbers, which have told already: only those with a row that has none (`person_live_group`) are
-- looked at.
with grouped as (
  select v.*
  from person_key_value as v
  inner join person_live_group as l on l.group_no = v.group_no
),
agreed as (
  select group_no, min(mention_no) as first_no
  from grouped
  group by group_no
  having
    count(*) > 1
    and coalesce(min(id_key) = max(id_key), true)
    and coalesce(min(birth_date) = max(birth_date), true)
    and coalesce(min(sex) = max(sex), true)
    and coalesce(min(phone) = max(phone), true)
),
crowded as (
  select g.group_no
  from grouped as g
  inner join person_register as r on r.source = g.source and r.role = g.role
  group by g.group_no, g.source
  having
    count(*) > 1
    and not (count(g.id_key) = count(*) and min(g.id_key) = max(g.id_key))
    and not (count(g.birth_date) = count(*) and min(g.birth_date) = max(g.birth_date))
)
select g.mention_no, a.first_no
from grouped as g
inner join agreed as a on a.group_no = g.group_no
left join crowded as c on c.group_no = g.group_no
where g.mention_no <> a.first_no and c.group_no is null
