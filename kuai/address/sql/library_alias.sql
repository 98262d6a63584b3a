-- The other texts of a frozen library: recorded ones, those that people gave, and both again for the one code that took
-- the place of an ended one. A text that is some living place's own address means that place alone.
with recorded as (
    select address_code, text, kind, source, valid_from, valid_to from known_alias
    union all
    select address_code, text, kind, source, valid_from, valid_to from given_alias
),

carried as (
    select address_code, text, kind, source, valid_from, valid_to from recorded
    union all
    select s.successor_code as address_code, r.text, r.kind, r.source, r.valid_from, r.valid_to
    from recorded as r
    inner join sole_successor as s on r.address_code = s.address_code
)

select
    c.address_code,
    c.text,
    c.kind,
    min(c.source) as source,
    min(c.valid_from) as valid_from,
    max(c.valid_to) as valid_to
from carried as c
left join living_text as t on c.text = t.standard_text
where t.standard_text is null and c.text <> ''
group by c.address_code, c.text, c.kind
