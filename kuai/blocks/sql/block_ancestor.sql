-- A block is its own ancestor. Rooms are left out: no figure is kept for a single room.
select b.code as place_code, a.block_no, a.level
from (
    select c0 as place, c0 as above from block_chain
    union all select c0, c1 from block_chain where c1 is not null
    union all select c0, c2 from block_chain where c2 is not null
    union all select c0, c3 from block_chain where c3 is not null
    union all select c0, c4 from block_chain where c4 is not null
    union all select c0, c5 from block_chain where c5 is not null
) as chain
join block as b on b.code = chain.place
join block as a on a.code = chain.above
where a.level <> 'room'
