-- The code that continues in each cluster.
select element, cluster_key, code, serial, founding_mention
from code_home
where code = continues_as
