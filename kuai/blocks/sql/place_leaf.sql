-- Where a place is counted: a room in its building, everything else in itself.
select code as place_code, block_no as place_no, level, use,
       case when level = 'room' and parent_no is not null then parent_no else block_no end as leaf_no
from block
