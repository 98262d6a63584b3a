-- The ledger after this build: what it knew, with this build's merges, and this build's births.
select p.code, p.element, p.serial, p.founding_mention, p.born_build,
       coalesce(p.merged_into, g.continues_as) as merged_into,
       p.split_from,
       case when p.merged_into is null and g.continues_as is not null then $build else p.changed_build end as changed_build,
       case when p.merged_into is null and g.continues_as is not null then '本次建库判定为同一对象' else p.reason end as reason
from previous_ledger as p
left join (
    select h.code, k.code as continues_as
    from code_home as h
    join cluster_code as k on k.element = h.element and k.cluster_key = h.cluster_key
    where h.code <> k.code
) as g on g.code = p.code
union all
select b.code, b.element, b.serial, b.cluster_key, $build, null, b.split_from, $build,
       case when b.split_from is null then '首次出现' else '从原代码中分出' end
from coded_birth as b
