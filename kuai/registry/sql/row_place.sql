-- The place a row gives its mentions: the one linked to them by the row, else the row's only or first place.
select mention_key,
       nullif(arg_min(address_code, preference), '') as address_code,
       arg_min(grade, preference) as grade
from (
    select l.from_mention as mention_key, coalesce(p.address_code, '') as address_code, p.grade,
           '0' || p.grade || p.mention_key as preference
    from row_link as l
    join place as p on p.mention_key = l.to_mention
    union all
    select m.mention_key, coalesce(p.address_code, ''), p.grade, '1' || p.grade || p.mention_key
    from element_mention as m
    join place as p on p.record_key = m.record_key
) as candidate
group by mention_key
