-- What somebody objects to in a person's own values, under the code that goes on.
select coalesce(n.now, split_part(d.subject, '|', 2)) as person_code,
       max(case when split_part(d.subject, '|', 1) = 'birth_date' then 1 else 0 end) as birth_date,
       max(case when split_part(d.subject, '|', 1) = 'sex' then 1 else 0 end) as sex
from decision as d
left join code_now as n on n.code = split_part(d.subject, '|', 2)
where d.part = 'subject' and d.kind = 'object' and split_part(d.subject, '|', 3) = ''
group by coalesce(n.now, split_part(d.subject, '|', 2))
