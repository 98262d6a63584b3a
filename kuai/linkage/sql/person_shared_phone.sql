-- Phones that carry the names of more people than a household: placeholders and office numbers.
select phone
from (select phone, name from person_shape where phone is not null and name is not null group by phone, name)
group by phone
having count(*) > $phone_names_max
