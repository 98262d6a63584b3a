-- Sources that name a person once in a role: among their valid numbers hardly one comes twice. There, two rows
-- with one name at one room are two people.
select source, role
from person_shape
where id_key is not null
group by source, role
having count(*) >= $rows_min and count(distinct id_key) >= count(*) * cast($distinct_share as double)
