-- The code that goes on for every code that does not: merged elements, and places renumbered or merged into one other.
with recursive follows as (
    select code, merged_into as next_code from identity_ledger where merged_into is not null
    union all
    select address_code, max(successor_code)
    from address_succession
    where successor_code is not null and kind in ('renumbered', 'merged')
    group by address_code
    having count(distinct successor_code) = 1
),
walk as (
    select code, next_code from follows
    union
    select w.code, f.next_code
    from walk as w
    join follows as f on f.code = w.next_code
)
select w.code, w.next_code as now
from walk as w
left join follows as f on f.code = w.next_code
where f.code is null
