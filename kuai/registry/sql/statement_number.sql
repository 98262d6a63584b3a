-- The statements of the build in the order of deliveries, rows and links; what is carried on from earlier ones stands
-- behind the rows of its delivery.
with delivered as (
    select source, period, row_number() over (order by source, period) as place
    from (
        select source, period from delivery_number
        union
        select source, period from carried where fate in ('ended', 'replaced', 'stands')
    ) as d
),
told as (
    select d.place, 0 as is_carried, h.line_no, h.link_no
    from held as h
    join delivery_number as n on n.delivery_no = h.delivery_no
    join delivered as d on d.source = n.source and d.period = n.period
    union all
    select d.place, 1, 0, c.link_no
    from carried as c
    join delivered as d on d.source = c.source and d.period = c.period
    where c.fate in ('ended', 'replaced', 'stands')
)
select link_no, row_number() over (order by place, is_carried, line_no, link_no) as relation_no
from told
