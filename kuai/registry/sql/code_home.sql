-- Where each living code goes on: to the cluster that holds most of its earlier mentions; ties go to the one with
-- the founding mention, then to the first in file order. A cluster is the home of several codes when it merges them.
select element, code, serial, cluster_key
from (
    select p.element, p.code, l.serial, m.cluster_key,
           row_number() over (
               partition by p.code
               order by count(*) desc,
                        max(case when m.mention_key = l.founding_mention then 1 else 0 end) desc,
                        min(m.source), min(m.period), min(m.row_no), m.cluster_key
           ) as place
    from element_mention as m
    join known_mention as p on p.mention_key = m.mention_key and p.element = m.element
    join previous_ledger as l on l.code = p.code and l.merged_into is null
    group by p.element, p.code, l.serial, l.founding_mention, m.cluster_key
) as votes
where place = 1
