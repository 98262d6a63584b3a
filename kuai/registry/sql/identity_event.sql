-- All that ever happened to codes: what earlier builds saw, unchanged, and this build's part behind it.
select event_no, code, element, event, other_code, build, decision, reason from previous_event
union all
select (select coalesce(max(event_no), 0) from previous_event)
           + row_number() over (order by n.element, n.serial) as event_no,
       n.code, n.element, n.event, n.other_code, $build, n.decision, n.reason
from (
    select element, serial, code, event, other_code, decision, reason from code_event
    union all
    select element, serial, code, 'born', null, null, '首次出现' from coded_birth where split_from is null
) as n
