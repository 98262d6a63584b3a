-- Numbers follow the path, so the descendants of a block are the numbers right after its own.
with numbered as (
    select row_number() over (order by path) as block_no, c0, c1, path from block_chain
)
select n.block_no, e.address_code as code, e.level, u.block_no as parent_no, n.path, e.name, e.standard_text,
       e.longitude, e.latitude, e.use
from numbered as n
join address_entry as e on e.address_code = n.c0
left join numbered as u on u.c0 = n.c1
