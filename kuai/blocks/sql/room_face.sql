-- Premises facts of single rooms for the plan of their building: nothing of who lives there. Requests only of rooms that
-- are no home by their use: those of a home are its people's.
with placed as (
    select l.place_no, h.type, h.from_code, e.kind, coalesce(e.outcome, '') like '%不合格%' as has_failed
    from holding as h
    join place_leaf as l on l.place_code = h.to_code and l.level = 'room'
    left join event as e on e.event_code = h.from_code and h.type = 'HE_OCCUR'
    where h.type in ('PH_RENT', 'LH_REGISTERED', 'LH_OPERATE')
       or (h.type = 'HE_OCCUR' and e.kind = 'inspection' and e.outcome like '%不合格%')
       or (h.type = 'HE_OCCUR' and e.kind = 'request'
           and l.use in ('商铺', '商业', '办公', '厂房', '工业', '仓储', '仓库'))
)
select place_no,
       max(case when type = 'PH_RENT' then 1 else 0 end) as is_let,
       count(distinct case when type in ('LH_REGISTERED', 'LH_OPERATE') then from_code end) as firms,
       count(distinct case when kind = 'request' then from_code end) as requests,
       count(distinct case when kind = 'inspection' and has_failed then from_code end) as failed_inspections
from placed
group by place_no
order by place_no
