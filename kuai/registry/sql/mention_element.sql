-- Every mention with its code and its place.
with named as (
    select 'person' as element, mention_no, mention_key, source, period, row_no, role from numbered_person
    union all
    select 'organisation', mention_no, mention_key, source, period, row_no, role from numbered_organisation
    union all
    select 'event', mention_no, mention_key, source, period, row_no, role from numbered_event
    union all
    select 'contact', mention_no, mention_key, source, period, row_no, role from numbered_account
)
select m.mention_key, m.source, m.period, m.row_no, m.element, m.role, i.code, i.match_probability, w.reason,
       p.address_code, p.grade
from named as m
join mention_place as i on i.element = m.element and i.mention_no = m.mention_no
left join reason_number as w on w.reason_no = i.reason_no
left join place as p on p.rank = i.rank
union all
select mention_key, source, period, row_no, 'address', role, address_code, null, explanation, address_code, grade
from address_line
