-- The entries an import leaves behind: added ones, changed ones as they are from now on, and retired ones as ended.
select
    r.address_code,
    r.level,
    r.parent_code,
    r.name,
    r.standard_text,
    coalesce(r.longitude, r.known_longitude) as longitude,
    coalesce(r.latitude, r.known_latitude) as latitude,
    coalesce(r."use", r.known_use) as "use",
    coalesce(r.state, r.known_state, 'in_use') as state
from good_row as r
left join (select distinct row_no from library_change) as c on r.row_no = c.row_no
where r.known_level is null or c.row_no is not null
union all
select
    k.address_code,
    k.level,
    k.parent_code,
    k.name,
    k.standard_text,
    k.longitude,
    k.latitude,
    k."use",
    'demolished' as state
from known_entry as k
inner join retired_code as g on k.address_code = g.address_code
