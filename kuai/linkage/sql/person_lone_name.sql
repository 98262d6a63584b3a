-- Clusters with a name of three characters or more: with a number or without, and how many clusters with a
-- number bear that name in all the data. A cluster that goes by two names is left out.
with named as (
  select
    n.cluster_no,
    min(s.name) as name,
    max(case when s.id_key is not null then 1 else 0 end) as anchored,
    count(*) as mentions
  from person_node as n
  inner join person_shape as s on s.mention_no = n.mention_no
  where s.name is not null
  group by n.cluster_no
  having min(s.name) = max(s.name)
),
long_name as (
  select name from person_spelling where length(spelling) >= 3
)
select
  cluster_no,
  name,
  anchored,
  mentions,
  sum(anchored) over (partition by name) as bearers,
  max(case when anchored = 1 then cluster_no end) over (partition by name) as bearer_no
from named
where name in (select name from long_name)
