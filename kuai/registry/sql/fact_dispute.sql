-- Verified facts that something newer than their verification speaks against: one reason a fact, the plainest first.
with verified as (
    select * from fact_word where level <> '' and ended_on is null
),
about as (
    select s.*, w.retracted is null and w.objected is null and w.ended_on is null
                and s.ended_by <> 'full_delivery'
                and (s.valid_to is null or s.valid_to > cast($as_of as date)) as is_living
    from said as s
    left join fact_word as w on w.fact_key = s.fact_key
    where exists (select 1 from verified as v where v.type = s.type and v.from_code = s.from_code)
        or exists (select 1 from verified as v where v.type = s.type and v.to_code = s.to_code)
),
living as (
    select distinct fact_key from about where is_living
),
found as (
    select fact_key, 1 as preference, 'objection' as disputed_by, cast(null as varchar) as other_fact,
           cast(null as varchar) as other_mention
    from verified
    where objected is not null
    union all
    select v.fact_key, 2, 'other_statement', o.fact_key, o.mention_key
    from verified as v
    join relation_type as r on r.code = v.type and r.at_most = 1
    join about as o on o.type = v.type and o.from_code = v.from_code and o.to_code <> v.to_code
    -- A room and the building it is in do not contradict each other.
    left join address_entry as inner_place on inner_place.address_code = o.to_code and inner_place.parent_code = v.to_code
    left join address_entry as outer_place on outer_place.address_code = v.to_code and outer_place.parent_code = o.to_code
    where o.is_living and o.said_since > v.verified_on
      and inner_place.address_code is null and outer_place.address_code is null
    union all
    select v.fact_key, 2, 'other_statement', o.fact_key, o.mention_key
    from verified as v
    join relation_type as r on r.code = v.type and r.to_at_most = 1
    join about as o on o.type = v.type and o.to_code = v.to_code and o.from_code <> v.from_code
    where o.is_living and o.said_since > v.verified_on
    union all
    select v.fact_key, 3, 'declared_end', o.fact_key, o.mention_key
    from verified as v
    join about as o on o.fact_key = v.fact_key
    where o.valid_to <= cast($as_of as date) and o.ended_by in ('', 'declared') and o.said_since > v.verified_on
    union all
    select v.fact_key, 4, 'full_delivery', o.fact_key, o.mention_key
    from verified as v
    join about as o on o.fact_key = v.fact_key
    left join living as l on l.fact_key = v.fact_key
    where o.ended_by = 'full_delivery' and o.valid_to > v.verified_on and l.fact_key is null
    union all
    select v.fact_key, 5, 'life_cycle', null, null
    from (
        select fact_key, verified_on, from_code as code from verified
        union all
        select fact_key, verified_on, to_code from verified
    ) as v
    join element_end as e on e.code = v.code
    where e.ended_on > v.verified_on
)
select fact_key, disputed_by, other_fact, other_mention
from found
qualify row_number() over (partition by fact_key order by preference, other_mention, other_fact) = 1
