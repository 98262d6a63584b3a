-- One row a mention: its cluster, how sure, why, and whether the cluster's structure is impossible:
-- a cut edge at its border, a declared birth date that is not the number's, too many phones.
with told as (
  select
    m.founder_no,
    count(distinct s.phone) as phones,
    count(distinct s.declared_birth_date) as birth_dates,
    max(case when s.id_key is not null and s.declared_birth_date <> s.birth_date then 1 else 0 end) as birth_differs
  from membership as m
  inner join person_shape as s on s.mention_no = m.mention_no
  group by m.founder_no
),
suspicious as (
  select founder_no from told where phones > $person_phones_max or birth_dates > 1 or birth_differs = 1
  union
  select founder_no from disputed_cluster
)
select
  m.mention_no,
  m.founder_no,
  coalesce(path.probability, 1.0) as match_probability,
  case
    when m.path_tier < 0 then $founder_reason
    when m.own_tier >= m.path_tier then path.reason
    else concat(own.reason, '；与首条记录相连的最弱一环：', path.reason)
  end as reason,
  q.founder_no is not null as quarantined
from membership as m
left join tier as path on path.tier = m.path_tier
left join tier as own on own.tier = m.own_tier
left join suspicious as q on q.founder_no = m.founder_no
