-- The raw figures. Shares and sources are of the facts behind them.
select a.block_no, b.level, b.parent_no, f.counter,
       count(distinct f.element) as figure,
       avg(case when f.status is null then null when f.status = 'asserted' then 1.0 else 0.0 end) as asserted_share,
       string_agg(distinct f.source, ',' order by f.source) as sources
from placed_fact as f
join block_ancestor as a on a.place_code = f.place_code
join block as b on b.block_no = a.block_no
group by a.block_no, b.level, b.parent_no, f.counter
