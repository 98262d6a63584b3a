select i.mention_key, i.source, i.period, i.row_no, i.element, i.role, i.code, i.match_probability, i.reason,
       r.address_code, r.grade
from identified as i
left join row_place as r on r.mention_key = i.mention_key
union all
select a.mention_key, a.source, a.period, a.row_no, 'address', a.role, w.address_code, null, w.explanation,
       w.address_code, w.grade
from address_mention as a
join address_wash as w on w.mention_key = a.mention_key
