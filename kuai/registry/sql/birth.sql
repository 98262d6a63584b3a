-- Clusters that are nobody's home, numbered on from the last serial ever given. A cluster whose mentions were found
-- under a code that lives on elsewhere was split from it.
with newborn as (
    select c.element, c.cluster_key, c.cluster_no
    from cluster as c
    left join cluster_code as k on k.element = c.element and k.cluster_key = c.cluster_key
    where k.code is null
),
last_serial as (
    select element, max(serial) as serial from previous_ledger group by element
),
origin as (
    select p.element, p.cluster_key, p.last_code as code,
           row_number() over (
               partition by p.element, p.cluster_key order by count(*) desc, p.last_code
           ) as place
    from past_home as p
    join newborn as n on n.element = p.element and n.cluster_key = p.cluster_key
    group by p.element, p.cluster_key, p.last_code
)
select n.element, n.cluster_no,
       coalesce(s.serial, 0) + row_number() over (
           partition by n.element order by n.cluster_no
       ) as serial,
       o.code as split_from
from newborn as n
left join last_serial as s on s.element = n.element
left join origin as o on o.element = n.element and o.cluster_key = n.cluster_key and o.place = 1
