-- What rows say of two of their mentions, by number. A row that names a mention of another row (an event it follows from)
-- names it by key.
with elsewhere as (
    select to_mention as mention_key from row_link where not starts_with(to_mention, record_key || '#')
    union
    select from_mention from row_link where not starts_with(from_mention, record_key || '#')
),
there as (
    select m.mention_key, m.mention_no from numbered_person as m join elsewhere as e on e.mention_key = m.mention_key
    union all
    select m.mention_key, m.mention_no from numbered_organisation as m join elsewhere as e on e.mention_key = m.mention_key
    union all
    select m.mention_key, m.mention_no from numbered_event as m join elsewhere as e on e.mention_key = m.mention_key
    union all
    select m.mention_key, m.mention_no from numbered_account as m join elsewhere as e on e.mention_key = m.mention_key
    union all
    select m.mention_key, m.mention_no from numbered_address as m join elsewhere as e on e.mention_key = m.mention_key
),
said as (
    select l.link_no, l.relation, l.valid_from, l.valid_to, n.delivery_no,
           (n.delivery_no * 2147483648 + l.row_no) * 256 as line_no,
           case when starts_with(l.from_mention, l.record_key || '#') then substring(l.from_mention, length(l.record_key) + 2) end as from_role,
           case when starts_with(l.to_mention, l.record_key || '#') then substring(l.to_mention, length(l.record_key) + 2) end as to_role,
           case when not starts_with(l.from_mention, l.record_key || '#') then l.from_mention end as from_elsewhere,
           case when not starts_with(l.to_mention, l.record_key || '#') then l.to_mention end as to_elsewhere
    from row_link as l
    join delivery_number as n on n.source = l.source and n.period = l.period
)
select s.link_no, s.relation, s.valid_from, s.valid_to, s.delivery_no, s.line_no,
       coalesce(s.line_no + f.role_no, fe.mention_no) as from_no,
       coalesce(s.line_no + t.role_no, te.mention_no) as to_no
from said as s
left join role_number as f on f.role = s.from_role
left join role_number as t on t.role = s.to_role
left join there as fe on fe.mention_key = s.from_elsewhere
left join there as te on te.mention_key = s.to_elsewhere
