-- What is said of an organisation: a row with a valid credit code that is about the organisation itself comes first.
with best as (
    select i.code, m.credit_code, m.credit_code_valid, m.name, m.kind, m.state, m.founded_on,
           row_number() over (
               partition by i.code
               order by cast(m.role = 'subject' as integer) desc, cast(m.credit_code_valid as integer) desc,
                        m.source, m.period, m.row_no, m.mention_key
           ) as place
    from identified as i
    join numbered_organisation as m on m.mention_no = i.mention_no
    where i.element = 'organisation'
),
-- What a firm does need not stand where its name stands: the first who says it in words of the standard, else at all.
trade as (
    select i.code, m.industry, m.industry_section, m.source,
           row_number() over (
               partition by i.code
               order by cast(m.industry_section is not null as integer) desc, cast(m.role = 'subject' as integer) desc,
                        m.source, m.period desc, m.row_no, m.mention_key
           ) as place
    from identified as i
    join numbered_organisation as m on m.mention_no = i.mention_no
    where i.element = 'organisation' and m.industry is not null
)
select row_number() over (order by k.serial) as organisation_no,
       k.code as organisation_code, k.founding_mention,
       case when b.credit_code_valid then b.credit_code end as credit_code,
       b.name, b.kind, b.state, b.founded_on,
       t.industry, t.industry_section, t.source as industry_source, k.mentions,
       'asserted' as status, coalesce(p.purposes, '') as purposes
from all_code as k
join best as b on b.code = k.code and b.place = 1
left join trade as t on t.code = k.code and t.place = 1
left join element_standing as e on e.code = k.code
left join purpose_mask as p on p.mask = e.mask
where k.element = 'organisation'
