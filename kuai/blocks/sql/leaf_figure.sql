-- Raw figures of leaves. Shares and sources are of the facts behind them. This table is never written.
select counter, leaf_no, count(*) as figure, sum(case when is_first then 1 else 0 end) as persons,
       sum(case when is_verified is null then 0 when is_verified then 0 else 1 end) as asserted,
       sum(case when is_verified is null then 0 else 1 end) as stated,
       bit_or(source_mask) as source_mask
from (
    select counter, leaf_no, is_first, is_verified, source_mask from person_unit
    union all
    select counter, leaf_no, true, is_verified, source_mask from premises_unit
) as unit
group by counter, leaf_no
