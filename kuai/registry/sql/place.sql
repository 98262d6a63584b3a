-- The place that an address mention was washed to. Only A and B place anything. `rank` orders the places of a row: the
-- better grade first, then by role.
select a.mention_no, a.mention_no - a.mention_no % 256 as line_no, w.address_code, w.level, w.grade,
       case w.grade when 'A' then 0 when 'B' then 1 when 'C' then 2 when 'D' then 3 else 4 end * 1152921504606846976
           + a.mention_no as rank
from numbered_address as a
join address_wash as w on w.mention_key = a.mention_key
