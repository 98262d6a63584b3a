-- One row a cluster, in the order in which codes are born: by the founding mention's place in the files.
select element, cluster_key, source, period, row_no, role,
       count(*) over (partition by element, cluster_key) as mentions,
       max(cast(quarantined as integer)) over (partition by element, cluster_key) as quarantined
from element_mention
qualify row_number() over (
    partition by element, cluster_key order by source, period, row_no, role, mention_key
) = 1
