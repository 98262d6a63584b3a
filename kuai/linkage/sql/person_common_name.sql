-- Names with several bearers, counted by different valid numbers.
select name, count(distinct id_key) as bearers
from person_shape
where id_key is not null and name is not null
group by name
having count(distinct id_key) > $bearers_min
