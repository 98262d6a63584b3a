-- Persons and their homes, each once a table, or once a table and leaf. `is_first`: in no leaf before this one, so
-- that adding leaves up never takes one person for two.
with resident as (
    select l.leaf_no, l.place_code, l.level, h.person_code, h.is_verified, h.source_no,
           case when not contains(coalesce(p.contested, ''), 'birth_date') then p.birth_date end as birth_date
    from home as h
    join place_leaf as l on l.place_code = h.place_code
    left join person as p on p.person_code = h.person_code
    where h.type = 'PH_RESIDE'
),
aged as (
    select r.leaf_no, r.is_verified, r.source_no,
           year(d.as_of) - year(r.birth_date)
           - case when month(d.as_of) * 100 + day(d.as_of) < month(r.birth_date) * 100 + day(r.birth_date)
                  then 1 else 0 end as age
    from resident as r
    cross join build_day as d
),
-- Where its people work: the place of business, else the registered one; the first by code if there are several.
work_place as (
    select from_code as organisation_code, min(leaf_no) as leaf_no
    from (
        select h.from_code, l.leaf_no,
               h.type = 'LH_OPERATE' as is_operating,
               max(case when h.type = 'LH_OPERATE' then 1 else 0 end) over (partition by h.from_code) as operates
        from holding as h
        join place_leaf as l on l.place_code = h.to_code
        where h.type in ('LH_REGISTERED', 'LH_OPERATE')
    ) as known
    where is_operating or operates = 0
    group by from_code
),
pair as (
    select 'jobs' as counter, w.leaf_no, h.from_code as person_code, h.is_verified, h.source_no
    from holding as h
    join work_place as w on w.organisation_code = h.to_code
    where h.type = 'PL_EMPLOY'
    union all
    select 'owners', l.leaf_no, h.from_code, h.is_verified, h.source_no
    from holding as h
    join place_leaf as l on l.place_code = h.to_code
    where h.type = 'PH_OWN'
),
once as (
    select counter, leaf_no, person_code, bool_or(is_verified) as is_verified, bit_or(source_mask) as source_mask
    from (select *, cast(1 as bigint) << source_no as source_mask from pair) as masked
    group by counter, leaf_no, person_code
),
lived_in as (
    select place_code, leaf_no, bool_or(is_verified) as is_verified,
           bit_or(cast(1 as bigint) << source_no) as source_mask
    from resident
    where level = 'room'
    group by place_code, leaf_no
),
let as (
    select h.to_code as place_code, bool_or(h.is_verified) as is_verified,
           bit_or(cast(1 as bigint) << h.source_no) as source_mask
    from holding as h
    where h.type = 'PH_RENT'
    group by h.to_code
),
-- Who is on record anywhere at a room keeps it from being called vacant, his home or not.
taken as (
    select distinct to_code as place_code
    from holding
    where type in ('PH_RESIDE', 'PH_RENT', 'LH_REGISTERED', 'LH_OPERATE')
),
lettings as (
    select l.leaf_no,
           case
               when r.place_code is not null then 'rooms_let'
               when t.place_code is null and l.use in ('住宅', '公寓', '宿舍', '居住') then 'rooms_vacant'
               else 'rooms_rest'
           end as counter,
           r.is_verified, coalesce(r.source_mask, 0) as source_mask
    from place_leaf as l
    left join let as r on r.place_code = l.place_code
    left join taken as t on t.place_code = l.place_code
    where l.level = 'room'
),
signalled as (
    select e.place_code, bit_or(cast(1 as bigint) << h.source_no) as source_mask
    from event as e
    join holding as h on h.from_code = e.event_code and h.type = 'HE_OCCUR'
    where e.kind = 'new_resident_signal' and e.place_code is not null
    group by e.place_code
)
select 'residents' as counter, leaf_no, true as is_first, is_verified, cast(1 as bigint) << source_no as source_mask
from resident
union all
select case
           when age is null or age < 0 then 'residents_unknown_age'
           when age < 6 then 'residents_0_5'
           when age < 14 then 'residents_6_13'
           when age < 18 then 'residents_14_17'
           when age < 60 then 'residents_18_59'
           when age < 80 then 'residents_60_79'
           else 'residents_80'
       end, leaf_no, true, is_verified, cast(1 as bigint) << source_no
from aged
union all
select 'tenants', l.leaf_no, true, h.is_verified, cast(1 as bigint) << h.source_no
from home as h
join place_leaf as l on l.place_code = h.place_code
where h.type = 'PH_RENT'
union all
select counter, leaf_no, leaf_no = min(leaf_no) over (partition by counter, person_code), is_verified, source_mask
from once
union all
select 'households', leaf_no, true, is_verified, source_mask from lived_in
union all
select counter, leaf_no, true, is_verified, source_mask from lettings
union all
select 'new_resident_signals', l.leaf_no, true, false, s.source_mask
from signalled as s
join place_leaf as l on l.place_code = s.place_code
