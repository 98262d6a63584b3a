-- The code of every cluster: the one that continues there, or the one it was born with.
select c.element, c.cluster_no, k.code, k.serial, k.founding_mention, c.mentions, c.quarantined
from cluster as c
join cluster_code as k on k.element = c.element and k.cluster_key = c.cluster_key
union all
select c.element, c.cluster_no, b.code, b.serial, c.cluster_key, c.mentions, c.quarantined
from cluster as c
join coded_birth as b on b.element = c.element and b.cluster_no = c.cluster_no
