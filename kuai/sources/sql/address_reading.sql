-- Every written place of a row, as written less who the row says is there; placeholders and single signs are no place.
with own_name as (
    select a.row_no, a.role, min(p.name) as first_name, max(p.name) as last_name
    from address_cell as a
    inner join person_reading as p on p.row_no = a.row_no and strpos(a.text, p.name) > 0
    where
        not p.is_organisation
        and length(p.name) >= 2
        -- Two characters may be part of a place's name (李朗); at the end or behind a sign they are somebody.
        and (
            length(p.name) > 2
            or a.text like '%' || p.name
            or a.text like '% ' || p.name || '%'
            or a.text like '%(' || p.name || '%'
            or a.text like '%（' || p.name || '%'
            or a.text like '%:' || p.name || '%'
            or a.text like '%：' || p.name || '%'
            or a.text like '%，' || p.name || '%'
            or a.text like '%,' || p.name || '%'
        )
    group by a.row_no, a.role
)
select
    a.row_no,
    a.role,
    coalesce(replace(replace(a.text, o.last_name, '***'), o.first_name, '***'), a.text) as text,
    a.is_sentence
from address_cell as a
left join own_name as o on o.row_no = a.row_no and o.role = a.role
where length(a.text) >= 2 and upper(a.text) not in (select word from placeholder_word)
