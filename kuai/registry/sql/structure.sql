-- Where the library puts its rooms.
select 'HH_BUILDING' as type, r.address_code as from_code, b.address_code as to_code
from address_entry as r
join address_entry as b on b.address_code = r.parent_code and b.level = 'building'
where r.level = 'room' and r.state in ('planned', 'in_use')
union all
select 'HH_GRID', r.address_code, g.address_code
from address_entry as r
join address_entry as b on b.address_code = r.parent_code and b.level = 'building'
join address_entry as g on g.address_code = b.parent_code and g.level = 'grid'
where r.level = 'room' and r.state in ('planned', 'in_use')
