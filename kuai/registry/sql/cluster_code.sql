-- The code that continues in each cluster: the oldest of those at home in it.
select element, cluster_key, code, serial
from code_home
qualify row_number() over (partition by element, cluster_key order by serial) = 1
