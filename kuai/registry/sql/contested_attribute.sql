-- What people decided of a person's own values, under the code that goes on: 1 while somebody objects, 2 once it was found
-- never to have been true. A retraction ends the contest, as it does for relations.
with said as (
    select d.kind, split_part(d.subject, '|', 1) as attribute,
           coalesce(n.now, split_part(d.subject, '|', 2)) as person_code
    from decision as d
    left join code_now as n on n.code = split_part(d.subject, '|', 2)
    where d.part = 'subject' and d.kind in ('object', 'retract') and split_part(d.subject, '|', 3) = ''
)
select person_code,
       max(case when attribute = 'birth_date' then case kind when 'retract' then 2 else 1 end else 0 end) as birth_date,
       max(case when attribute = 'sex' then case kind when 'retract' then 2 else 1 end else 0 end) as sex
from said
group by person_code
