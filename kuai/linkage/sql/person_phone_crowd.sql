-- Mentions on a phone that more persons carry than a family explains.
with crowded as (
  select s.phone
  from person_shape as s
  inner join membership as m on m.mention_no = s.mention_no
  where s.phone is not null
  group by s.phone
  having count(distinct m.founder_no) > $phone_persons_max
)
select s.mention_no
from person_shape as s
inner join crowded as c on c.phone = s.phone
