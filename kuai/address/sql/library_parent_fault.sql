-- One row per row still good whose parent is not: unknown, refused itself, ended, or not above it.
-- Asked again and again until none is found, because what is refused takes along what stands in it.
select
    r.row_no,
    r.address_code,
    case
        when p.depth is null and k.depth is null and a.address_code is not null then 'parent_refused'
        when p.depth is null and k.depth is null and e.address_code is not null then 'parent_ended'
        when p.depth is null and k.depth is null then 'parent_unknown'
        when coalesce(p.depth, k.depth) >= r.depth then 'parent_not_above'
        else 'room_without_building'
    end as kind,
    coalesce(r.parent_code, '') as detail
from good_row as r
left join good_row as p on r.parent_code = p.address_code
left join known_living as k on r.parent_code = k.address_code
left join delivered_code as a on r.parent_code = a.address_code
left join known_ended as e on r.parent_code = e.address_code
where (p.depth is null and k.depth is null and r.depth > $top)
    or coalesce(p.depth, k.depth) >= r.depth
    or (r.level = 'room' and coalesce(p.level, k.level) <> 'building')
