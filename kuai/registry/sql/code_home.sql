-- Where each code is at home in this build, and which code continues there: the oldest of those at home in the
-- cluster. A cluster is the home of several codes when it merges them; a code that is here by proxy only may continue,
-- but is never merged, because its own mentions are away.
select element, code, serial, founding_mention, merged_into, cluster_key, is_proxy,
       first_value(code) over (partition by element, cluster_key order by serial) as continues_as
from code_vote
where place = 1
