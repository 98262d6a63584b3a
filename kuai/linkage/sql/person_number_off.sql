-- Mentions whose valid number is taken off them: under a foreign name, or on a number many names carry.
select s.mention_no
from person_shape as s
left join borrowed_number as b on b.id_key = s.id_key and b.name = s.name
left join worthless_number as w on w.id_key = s.id_key
where b.id_key is not null or w.id_key is not null
