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
)
select row_number() over (order by k.serial) as organisation_no,
       k.code as organisation_code, k.founding_mention,
       case when b.credit_code_valid then b.credit_code end as credit_code,
       b.name, b.kind, b.state, b.founded_on, k.mentions,
       'asserted' as status, coalesce(p.purposes, '') as purposes
from all_code as k
join best as b on b.code = k.code and b.place = 1
left join element_standing as e on e.code = k.code
left join purpose_mask as p on p.mask = e.mask
where k.element = 'organisation'
