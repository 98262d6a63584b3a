-- One row per fault of one delivered row taken by itself; faults of its parent are found in library_parent_fault.
-- Of rows that bear one code: the same again is refused from the second on, rows that differ are all refused.
with twin as (
    select
        address_code,
        min(row_no) as first_row,
        count(distinct concat_ws('|', level_word, parent_code, name, standard_text, longitude_text, latitude_text, "use"))
            as readings
    from library_row
    where address_code <> ''
    group by address_code
    having count(*) > 1
)

select row_no, address_code, 'code_unreadable' as kind, '' as detail
from library_row
where not regexp_matches(address_code, '^[0-9]{4,40}$')
union all
select row_no, address_code, 'level_unknown' as kind, level_word as detail
from library_row
where level is null
union all
select r.row_no, r.address_code, 'code_twice' as kind, cast(t.first_row as varchar) as detail
from library_row as r
inner join twin as t on r.address_code = t.address_code
where t.readings > 1 or r.row_no > t.first_row
union all
select row_no, address_code, 'text_empty' as kind, '' as detail
from library_row
where standard_text = '' and level <> 'grid'
union all
select row_no, address_code, 'coordinate_unreadable' as kind, '' as detail
from library_row
where (longitude_text <> '' and longitude is null) or (latitude_text <> '' and latitude is null)
    or (longitude_text = '' and latitude_text <> '') or (longitude_text <> '' and latitude_text = '')
union all
select row_no, address_code, 'coordinate_outside' as kind, '' as detail
from library_row
where abs(longitude) > 180 or abs(latitude) > 90
union all
select row_no, address_code, 'state_unknown' as kind, state_word as detail
from library_row
where state_word <> '' and state is null
union all
select row_no, address_code, 'code_level' as kind, cast(length(address_code) as varchar) as detail
from library_row
where digits is not null and length(address_code) <> digits and length(address_code) in (6, 9, 12, 14, 19, 25)
    and regexp_matches(address_code, '^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)[0-9]+$')
union all
select row_no, address_code, 'code_hierarchy' as kind, parent_code as detail
from library_row
where length(address_code) = digits and length(parent_code) in (6, 9, 12, 14, 19)
    and substring(address_code, 1, least(own_digits, length(parent_code)))
    <> substring(parent_code, 1, least(own_digits, length(parent_code)))
    and parent_code <> coalesce(known_parent_code, '')
union all
select row_no, address_code, 'code_ended' as kind, known_state as detail
from library_row
where known_state not in ('planned', 'in_use')
union all
select row_no, address_code, 'level_changed' as kind, known_level as detail
from library_row
where known_level <> level and known_state in ('planned', 'in_use')
union all
select row_no, address_code, 'state_back' as kind, '' as detail
from library_row
where known_state = 'in_use' and state = 'planned'
