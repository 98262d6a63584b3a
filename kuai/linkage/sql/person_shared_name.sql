-- Names on far too many rows, with several phones or numbers: words for nobody, found in the data beside the list.
with frequent as (
  select name
  from person_shape
  where name is not null
  group by name
  having count(*) >= $rows_min and count(*) > cast($share_max as double) * (select count(name) from person_shape)
)
select s.name
from person_shape as s
inner join frequent as f on f.name = s.name
group by s.name
having greatest(count(distinct s.phone), count(distinct s.id_key)) >= $holders_min
