-- Things at a place, each once a leaf however many sources name it: no persons.
with placed as (
    select case h.type
               when 'LH_REGISTERED' then 'firms' when 'LH_OPERATE' then 'firms_operating' else 'water_accounts'
           end as counter,
           case when h.type = 'HT_UTILITY' then h.from_code else h.to_code end as place_code,
           case when h.type = 'HT_UTILITY' then h.to_code else h.from_code end as element,
           h.is_verified, cast(1 as bigint) << h.source_no as source_mask
    from holding as h
    left join organisation as o on o.organisation_code = h.from_code
    where (h.type = 'LH_REGISTERED' and o.state <> 'ended') or h.type in ('LH_OPERATE', 'HT_UTILITY')
    union all
    select 'firms_ended', r.to_code, r.from_code, r.status = 'verified', cast(1 as bigint) << s.source_no
    from relation as r
    join source_number as s on s.source = r.source
    join organisation as o on o.organisation_code = r.from_code
    where r.type = 'LH_REGISTERED' and o.state = 'ended' and r.status <> 'withdrawn'
      and not coalesce(r.is_contested, false)
    union all
    select case e.kind when 'request' then 'requests' when 'inspection' then 'inspections' else 'cases' end,
           e.place_code, e.event_code, h.is_verified, cast(1 as bigint) << h.source_no
    from event as e
    join holding as h on h.from_code = e.event_code and h.type = 'HE_OCCUR'
    where e.place_code is not null and e.kind in ('request', 'inspection', 'case')
),
once as (
    select p.counter, l.leaf_no, p.element, bool_or(p.is_verified) as is_verified, bit_or(p.source_mask) as source_mask
    from placed as p
    join place_leaf as l on l.place_code = p.place_code
    group by p.counter, l.leaf_no, p.element
)
select counter, leaf_no, is_verified, source_mask from once
union all
select case o.kind when 'enterprise' then 'firms_enterprise' when 'sole_trader' then 'firms_sole_trader' else 'firms_other' end,
       f.leaf_no, f.is_verified, f.source_mask
from once as f
join organisation as o on o.organisation_code = f.element
where f.counter = 'firms'
union all
select case o.state when 'active' then 'firms_active' else 'firms_state_unknown' end, f.leaf_no, f.is_verified, f.source_mask
from once as f
join organisation as o on o.organisation_code = f.element
where f.counter = 'firms'
union all
-- Not of sole traders, nor of who may be one: a section with one of them says what a person does (decision 0035).
select 'firms_section_' || lower(coalesce(o.industry_section, 'unknown')), f.leaf_no, f.is_verified, f.source_mask
from once as f
join organisation as o on o.organisation_code = f.element
where f.counter = 'firms' and o.kind in ('enterprise', 'cooperative', 'institution', 'other')
union all
select 'inspections_failed', f.leaf_no, f.is_verified, f.source_mask
from once as f
join event as e on e.event_code = f.element
where f.counter = 'inspections' and e.outcome like '%不合格%'
union all
select 'rooms', leaf_no, null, cast(1 as bigint) << 0 from place_leaf where level = 'room'
union all
select case
           when use in ('住宅', '公寓', '宿舍', '居住') then 'rooms_home'
           when use in ('商铺', '商业', '商住') then 'rooms_shop'
           when use in ('厂房', '工业', '仓储', '仓库') then 'rooms_workshop'
           else 'rooms_other'
       end, leaf_no, null, cast(1 as bigint) << 0
from place_leaf where level = 'room'
union all
select 'buildings', leaf_no, null, cast(1 as bigint) << 0 from place_leaf where level = 'building'
