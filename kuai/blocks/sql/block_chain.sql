-- Every entry with its way up, by the parents of this version of the library.
select e.address_code as c0, p1.address_code as c1, p2.address_code as c2,
       p3.address_code as c3, p4.address_code as c4, p5.address_code as c5,
       concat_ws('/', p5.address_code, p4.address_code, p3.address_code, p2.address_code, p1.address_code,
                 e.address_code) as path
from address_entry as e
left join address_entry as p1 on p1.address_code = e.parent_code
left join address_entry as p2 on p2.address_code = p1.parent_code
left join address_entry as p3 on p3.address_code = p2.parent_code
left join address_entry as p4 on p4.address_code = p3.parent_code
left join address_entry as p5 on p5.address_code = p4.parent_code
where e.state = 'in_use'
