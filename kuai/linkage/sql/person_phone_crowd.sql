-- Of the mentions tied by their phone (`phone_tied`) those on a phone that more persons carry than a family explains.
with sought as (
  select s.phone
  from person_shape as s
  inner join phone_tied as t on t.mention_no = s.mention_no
  where s.phone is not null
  group by s.phone
),
carried as (
  select s.phone, m.founder_no
  from person_shape as s
  inner join sought as w on w.phone = s.phone
  inner join membership as m on m.mention_no = s.mention_no
  group by s.phone, m.founder_no
),
crowded as (
  select phone
  from carried
  group by phone
  having count(*) > $phone_persons_max
)
select s.mention_no
from person_shape as s
inner join phone_tied as t on t.mention_no = s.mention_no
inner join crowded as c on c.phone = s.phone
