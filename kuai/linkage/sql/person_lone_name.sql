-- One row a cluster that goes by a rare name: what it is (with a number, or by the one place it is told in), and what
-- it may not contradict. One of many rows in several places is a kind of its own, for its person is seldom missed. A
-- cluster that goes by another name more often is left out: the rare one is a slip.
with touched as (
  select n.cluster_no, r.name, r.rarity, count(*) as mentions
  from rare_name as r
  inner join person_shape as s on s.name = r.name
  inner join person_node as n on n.mention_no = s.mention_no
  group by n.cluster_no, r.name, r.rarity
),
state as (
  select
    n.cluster_no,
    count(*) as mentions,
    count(s.name) as named,
    min(s.id_key) as id_key,
    min(s.birth_date) as birth_date,
    min(s.sex) as sex,
    min(s.source * 1000 + s.role) as first_place,
    max(s.source * 1000 + s.role) as last_place
  from person_node as n
  inner join person_shape as s on s.mention_no = n.mention_no
  where n.cluster_no in (select cluster_no from touched)
  group by n.cluster_no
)
select
  t.cluster_no,
  t.name,
  t.rarity,
  s.mentions,
  case when s.id_key is null then 0 else 1 end as is_known,
  s.birth_date,
  s.sex,
  case
    when s.id_key is not null then -1
    when s.first_place = s.last_place then s.first_place
    when s.mentions >= 4 then 1
    else 0
  end as kind
from touched as t
inner join state as s on s.cluster_no = t.cluster_no
where t.mentions * 2 > s.named
