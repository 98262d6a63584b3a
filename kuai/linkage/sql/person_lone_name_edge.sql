-- A cluster without a number beside the only bearer of its name; not where one register lists both.
with rowed as (
  select n.cluster_no, s.register_source
  from person_node as n
  inner join person_shape as s on s.mention_no = n.mention_no
  where s.register_source is not null
  group by n.cluster_no, s.register_source
),
listed_twice as (
  select l.cluster_no
  from person_lone_name as l
  inner join rowed as a on a.cluster_no = l.cluster_no
  inner join rowed as b on b.cluster_no = l.bearer_no and b.register_source = a.register_source
  where l.anchored = 0 and l.bearers = 1
  group by l.cluster_no
)
select l.cluster_no as mention_no, l.bearer_no as first_no
from person_lone_name as l
left join listed_twice as t on t.cluster_no = l.cluster_no
where l.anchored = 0 and l.bearers = 1 and t.cluster_no is null
