-- Phones that carry the names of more people than a household: placeholders and office numbers.
select phone
from person_shape
where phone is not null
group by phone
having count(distinct name) > $phone_names_max
