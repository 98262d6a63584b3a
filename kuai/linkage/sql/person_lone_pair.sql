-- Pairs of clusters under one rare name that may be one person: no two numbers, birth dates or sexes under the name,
-- few clusters, and no register that lists two of them.
with fair as (
  select name
  from person_lone_name
  group by name
  having
    count(*) between 2 and $clusters_max
    and sum(is_known) <= 1
    and coalesce(min(birth_date) = max(birth_date), true)
    and coalesce(min(sex) = max(sex), true)
),
listed_twice as (
  select l.name
  from person_lone_name as l
  inner join fair as f on f.name = l.name
  inner join person_node as n on n.cluster_no = l.cluster_no
  inner join person_shape as s on s.mention_no = n.mention_no
  inner join person_register as g on g.source = s.source and g.role = s.role
  group by l.name, s.source
  having count(distinct l.cluster_no) > 1
)
select
  l.cluster_no as left_no,
  r.cluster_no as right_no,
  l.kind as left_kind,
  r.kind as right_kind,
  l.rarity,
  l.mentions * r.mentions as weight
from person_lone_name as l
inner join person_lone_name as r on r.name = l.name
inner join fair as f on f.name = l.name
left join listed_twice as t on t.name = l.name
where
  t.name is null
  and (l.kind > r.kind or (l.kind = r.kind and l.cluster_no < r.cluster_no))
