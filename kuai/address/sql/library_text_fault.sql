-- One row per good row that brings its address anew where another living entry under the same parent bears it already:
-- nobody could tell the two apart. What the record has stands first, then the file's rows in their order.
with standing as (
    select
        address_code,
        coalesce(parent_code, '') as parent_code,
        standard_text,
        case
            when known_level is null or known_standard_text <> standard_text
                or coalesce(known_parent_code, '') <> coalesce(parent_code, '') then row_no
            else 0
        end as claim
    from good_row
    where standard_text <> ''
    union all
    select k.address_code, coalesce(k.parent_code, '') as parent_code, k.standard_text, 0 as claim
    from known_entry as k
    left join good_row as r on k.address_code = r.address_code
    left join retired_code as g on k.address_code = g.address_code
    where k.state in ('planned', 'in_use') and k.standard_text <> ''
        and r.address_code is null and g.address_code is null
),

taken as (
    select parent_code, standard_text, min(claim) as claim
    from standing
    group by parent_code, standard_text
    having count(*) > 1
)

select s.claim as row_no, s.address_code, 'text_taken' as kind, min(o.address_code) as detail
from taken as t
inner join standing as s on t.parent_code = s.parent_code and t.standard_text = s.standard_text
inner join standing as o on t.parent_code = o.parent_code and t.standard_text = o.standard_text and t.claim = o.claim
where s.claim > t.claim
group by s.claim, s.address_code
