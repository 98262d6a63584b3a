-- One row a valid number and written name: how often, where first.
select id_key, name, count(*) as mentions, min(mention_no) as first_no
from person_shape
where id_key is not null
group by id_key, name
