-- Numbers that fail their check and carry several names: placeholders, found in the data and not in a list.
select id_faulty
from person_shape
where id_faulty is not null
group by id_faulty
having count(distinct name) > $names_max
