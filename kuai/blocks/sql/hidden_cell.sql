-- Cells of one level to hold back: figures of persons from 1 to 9; and, where one is held back among sisters or
-- above, the next smallest until at least two cells and ten persons are hidden, so that no subtraction finds them.
with family as (
    select c.block_no, c.counter, c.figure,
           case when c.figure < $floor then 1 else 0 end as is_small,
           max(case when c.figure < $floor then 1 else 0 end)
               over (partition by c.parent_no, c.counter) as has_small,
           case when h.block_no is null then 0 else 1 end as is_hidden_above,
           row_number() over (partition by c.parent_no, c.counter order by c.figure, c.block_no) - 1 as smaller_cells,
           coalesce(sum(c.figure) over (
               partition by c.parent_no, c.counter order by c.figure, c.block_no
               rows between unbounded preceding and 1 preceding
           ), 0) as smaller_sum
    from counted as c
    join person_counter as p on p.counter = c.counter
    left join hidden as h on h.block_no = c.parent_no and h.counter = c.counter
    where c.level = $level and c.figure > 0
)
select block_no, counter
from family
where is_small = 1
   or ((has_small = 1 or is_hidden_above = 1) and (smaller_cells < 2 or smaller_sum < $floor))
