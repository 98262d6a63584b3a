-- Birth dates that rows state far too often, under many names: placeholders, found in the data and not in a list.
select declared_birth_date as birth_date
from person_shape
where declared_birth_date is not null
group by declared_birth_date
having
  count(distinct name) >= $names_min
  and count(*) > cast($share_max as double) * (select count(declared_birth_date) from person_shape)
