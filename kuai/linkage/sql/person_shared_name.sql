-- Names on far too many rows, with several phones or numbers: words for nobody, found in the data beside the list.
select name
from person_shape
where name is not null
group by name
having
  count(*) >= $rows_min
  and count(*) > cast($share_max as double) * (select count(name) from person_shape)
  and greatest(approx_count_distinct(phone), approx_count_distinct(id_key)) >= $holders_min
