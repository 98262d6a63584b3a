-- The ledger after this build: what it knew, with this build's merges and returns, and this build's births.
select p.code, p.element, p.serial, p.founding_mention, p.born_build,
       case when e.code is null then p.merged_into when e.event = 'merged' then e.other_code end as merged_into,
       p.split_from,
       case when e.code is null then p.changed_build else $build end as changed_build,
       coalesce(e.reason, p.reason) as reason
from previous_ledger as p
left join code_event as e on e.code = p.code
union all
select b.code, b.element, b.serial, c.cluster_key, $build, null, b.split_from, $build, coalesce(e.reason, '首次出现')
from coded_birth as b
join cluster as c on c.element = b.element and c.cluster_no = b.cluster_no
left join code_event as e on e.code = b.code
