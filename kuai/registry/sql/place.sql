-- The place that an address mention was washed to. Only A and B place anything.
select a.mention_key, a.record_key, a.role, w.address_code, w.level, w.grade
from address_mention as a
join address_wash as w on w.mention_key = a.mention_key
