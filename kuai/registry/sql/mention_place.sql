-- Every mention of an element, by number, with its code and the place its row gives it: the one linked to it by the row,
-- else the row's only or first place.
select i.element, i.mention_no, i.code, i.match_probability, i.reason_no, coalesce(o.rank, r.rank) as rank
from identified as i
left join linked_place as o on o.mention_no = i.mention_no
left join line_place as r on r.line_no = i.line_no
