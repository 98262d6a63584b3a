-- The place a row gives its mentions: the one linked to them by the row, else the row's only or first place.
select mention_key, address_code, grade
from (
    select l.from_mention as mention_key, p.address_code, p.grade, 0 as preference, p.mention_key as place_key
    from row_link as l
    join place as p on p.mention_key = l.to_mention
    union all
    select m.mention_key, p.address_code, p.grade, 1, p.mention_key
    from element_mention as m
    join place as p on p.record_key = m.record_key
) as candidate
qualify row_number() over (partition by mention_key order by preference, grade, place_key) = 1
