-- Numbers that fail their check and carry several names: placeholders, found in the data and not in a list.
select id_faulty
from (select id_faulty, name from person_shape where id_faulty is not null and name is not null group by id_faulty, name)
group by id_faulty
having count(*) > $names_max
