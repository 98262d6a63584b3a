-- One row a mention: its cluster, how sure, why, and whether its cluster is held back.
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
left join (select founder_no from cluster_suspicion group by founder_no) as q on q.founder_no = m.founder_no
