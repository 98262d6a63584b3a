-- Every address mention as `mention_element` shows it.
select a.mention_key, a.source, a.period, a.row_no, a.role, w.address_code, w.explanation, w.grade
from address_mention as a
join address_wash as w on w.mention_key = a.mention_key
