-- What a statement can begin or end at: elements, and places of grades A and B.
select mention_no, code, match_probability, quarantined, element as level
from identified
union all
select mention_no, address_code, case grade when 'A' then cast(1 as double) else cast(0.98 as double) end, false, level
from place
where grade in ('A', 'B')
