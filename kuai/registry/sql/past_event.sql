-- What stands in for identity_event where the earlier build is of a release without it: births and last merges, as
-- its ledger tells them.
select row_number() over (order by stage, element, serial) as event_no, code, element, event, other_code, build,
       cast(null as bigint) as decision, reason
from (
    select 0 as stage, element, serial, code, case when split_from is null then 'born' else 'split' end as event,
           split_from as other_code, born_build as build,
           case when split_from is null then '首次出现' else '从原代码中分出' end as reason
    from previous_ledger
    union all
    select 1, element, serial, code, 'merged', merged_into, changed_build, reason
    from previous_ledger
    where merged_into is not null
) as told
