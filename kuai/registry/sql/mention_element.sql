-- Every mention with its code and the place its row gives it: the one linked to it by the row, else the row's only or
-- first place.
with named as (
    select 'person' as element, mention_no, mention_key, source, period, row_no, role from numbered_person
    union all
    select 'organisation', mention_no, mention_key, source, period, row_no, role from numbered_organisation
    union all
    select 'event', mention_no, mention_key, source, period, row_no, role from numbered_event
    union all
    select 'contact', mention_no, mention_key, source, period, row_no, role from numbered_account
)
select m.mention_key, m.source, m.period, m.row_no, m.element, m.role, i.code, i.match_probability, i.reason,
       p.address_code, p.grade
from named as m
join identified as i on i.element = m.element and i.mention_no = m.mention_no
left join linked_place as o on o.mention_no = i.mention_no
left join line_place as r on r.line_no = i.line_no
left join place as p on p.rank = coalesce(o.rank, r.rank)
union all
select a.mention_key, a.source, a.period, a.row_no, 'address', a.role, w.address_code, null, w.explanation,
       w.address_code, w.grade
from address_mention as a
join address_wash as w on w.mention_key = a.mention_key
