-- One row per value of a living entry that a good row gives anew. An empty cell of a column that may be empty says nothing.
select row_no, address_code, '上级编码' as column_name, known_parent_code as old_value, parent_code as new_value
from good_row
where known_level is not null and coalesce(known_parent_code, '') <> coalesce(parent_code, '')
union all
select row_no, address_code, '名称' as column_name, known_name as old_value, name as new_value
from good_row
where known_level is not null and known_name <> name
union all
select row_no, address_code, '标准地址' as column_name, known_standard_text as old_value, standard_text as new_value
from good_row
where known_level is not null and known_standard_text <> standard_text
union all
select
    row_no,
    address_code,
    '经纬度' as column_name,
    concat_ws(',', cast(known_longitude as varchar), cast(known_latitude as varchar)) as old_value,
    concat_ws(',', cast(longitude as varchar), cast(latitude as varchar)) as new_value
from good_row
where known_level is not null and longitude is not null
    and (
        known_longitude is null
        or abs(known_longitude - longitude) > 0.0000001
        or abs(known_latitude - latitude) > 0.0000001
    )
union all
select row_no, address_code, '用途' as column_name, known_use as old_value, "use" as new_value
from good_row
where known_level is not null and "use" is not null and coalesce(known_use, '') <> "use"
union all
select row_no, address_code, '状态' as column_name, known_state as old_value, state as new_value
from good_row
where known_level is not null and state is not null and known_state <> state
