-- Every place in use with the building, grid and community it lies in.
select e.address_code as place_code, e.level, e.use,
       case e.level when 'room' then p1.address_code when 'building' then e.address_code end as building_code,
       case e.level when 'room' then p2.address_code when 'building' then p1.address_code when 'grid' then e.address_code
           end as grid_code,
       case e.level when 'room' then p3.address_code when 'building' then p2.address_code when 'grid' then p1.address_code
           when 'community' then e.address_code end as community_code
from address_entry as e
left join address_entry as p1 on p1.address_code = e.parent_code
left join address_entry as p2 on p2.address_code = p1.parent_code
left join address_entry as p3 on p3.address_code = p2.parent_code
where e.state = 'in_use'
