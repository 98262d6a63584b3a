select c.block_no, c.counter,
       case when h.block_no is null then c.figure end as figure,
       h.block_no is not null as suppressed,
       case when h.block_no is null then round(c.asserted_share, 4) end as asserted_share,
       c.sources,
       cast($as_of as date) as as_of
from counted as c
left join hidden as h on h.block_no = c.block_no and h.counter = c.counter
