-- The numbers that carry more than one name, with their leading name (most mentions, then first seen).
with ranked as (
  select
    id_key,
    name,
    mentions,
    first_no,
    row_number() over (
      partition by id_key order by case when name is null then 1 else 0 end, mentions desc, first_no
    ) as place
  from person_id_name
  where id_key in (select id_key from person_id_name group by id_key having count(*) > 1)
)
select r.id_key, r.name, r.mentions, r.first_no, l.name as leading_name, l.first_no as leading_no
from ranked as r
inner join ranked as l on l.id_key = r.id_key and l.place = 1
where r.place > 1
order by r.id_key, r.first_no
