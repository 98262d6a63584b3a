-- What is counted where. `element` is counted once a block however many sources name it. Only what holds and nobody
-- disputes is counted.
with holding as (
    select type, from_code, to_code, status, source
    from relation
    where status in ('asserted', 'verified') and not coalesce(is_contested, false)
)
select 'rooms' as counter, code as place_code, code as element, null as status, $library as source
from block where level = 'room'
union all
select case
           when use in ('住宅', '公寓', '宿舍', '居住') then 'rooms_home'
           when use in ('商铺', '商业', '商住') then 'rooms_shop'
           when use in ('厂房', '工业', '仓储', '仓库') then 'rooms_workshop'
           else 'rooms_other'
       end, code, code, null, $library
from block where level = 'room'
union all
select 'buildings', code, code, null, $library from block where level = 'building'
union all
select 'residents', to_code, from_code, status, source
from holding where type = 'PH_RESIDE'
union all
select 'tenants', to_code, from_code, status, source
from holding where type = 'PH_RENT'
union all
select 'rooms_let', to_code, to_code, status, source
from holding where type = 'PH_RENT'
union all
select 'owners', to_code, from_code, status, source
from holding where type = 'PH_OWN'
union all
select 'firms', r.to_code, r.from_code, r.status, r.source
from holding as r
join organisation as o on o.organisation_code = r.from_code
where r.type = 'LH_REGISTERED' and o.state <> 'ended'
union all
select 'firms_operating', to_code, from_code, status, source
from holding where type = 'LH_OPERATE'
union all
select case e.kind when 'request' then 'requests' when 'inspection' then 'inspections' else 'new_resident_signals' end,
       e.place_code, case e.kind when 'new_resident_signal' then e.place_code else e.event_code end, r.status, r.source
from event as e
join holding as r on r.from_code = e.event_code and r.type = 'HE_OCCUR'
where e.place_code is not null and e.kind in ('request', 'inspection', 'new_resident_signal')
union all
select 'inspections_failed', e.place_code, e.event_code, r.status, r.source
from event as e
join holding as r on r.from_code = e.event_code and r.type = 'HE_OCCUR'
where e.place_code is not null and e.kind = 'inspection' and e.outcome like '%不合格%'
union all
select 'water_accounts', from_code, to_code, status, source
from holding where type = 'HT_UTILITY'
