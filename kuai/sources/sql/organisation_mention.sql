-- Namings of organisations.
select
    k.record_key || '#' || o.role as mention_key,
    k.record_key,
    $source as source,
    $period as period,
    o.row_no,
    o.role,
    o.credit_code,
    o.credit_code_valid,
    o.name,
    o.kind,
    o.state,
    o.founded_on,
    o.industry,
    o.industry_section,
    d.recorded_on
from organisation_reading as o
inner join row_key as k on k.row_no = o.row_no
left join row_day as d on d.row_no = o.row_no
