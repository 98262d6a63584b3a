-- Names with several bearers, counted by different valid numbers.
select name, count(*) as bearers
from (select name, id_key from person_shape where id_key is not null and name is not null group by name, id_key)
group by name
having count(*) > $bearers_min
