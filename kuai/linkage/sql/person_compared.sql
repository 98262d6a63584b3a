-- What of these mentions is compared, names and failing numbers spelled out, and the share of all named rows
-- that bear the name.
with wanted as (
  select s.*
  from person_shape as s
  inner join wanted_mention as w on w.mention_no = s.mention_no
),
borne as (
  select name, count(*) as named
  from person_shape
  where name in (select name from wanted)
  group by name
)
select
  s.mention_no,
  w.spelling as name,
  s.id_key,
  f.written as id_faulty,
  -- As the row says it, because a number's own date agrees with itself.
  coalesce(s.declared_birth_date, s.birth_date) as birth_date,
  s.sex,
  s.phone,
  s.room_code,
  s.building_code,
  s.organisation_name,
  b.named / (select count(name) from person_shape) as name_share
from wanted as s
left join person_spelling as w on w.name = s.name
left join person_faulty as f on f.id_faulty = s.id_faulty
left join borne as b on b.name = s.name
