-- The mentions a pairing rule may bring together, spelled out again: of clusters without a number, and of clusters
-- that share a phone, a room, or birth date and surname with one. The rest of the city stays integers.
with floating as (
  select n.cluster_no, s.phone, s.room_code, s.name, s.surname, n.birth_date
  from person_node as n
  inner join person_shape as s on s.mention_no = n.mention_no
  where not n.is_anchored
),
-- By a few bits of the surname: who is wanted in vain is left out when the characters are compared.
born as (
  select distinct birth_date, surname
  from floating
  where birth_date is not null and name is not null
),
wanted as (
  select cluster_no from floating
  union
  select n.cluster_no
  from person_shape as s
  inner join person_node as n on n.mention_no = s.mention_no
  where
    s.phone in (select phone from floating where phone is not null)
    or s.room_code in (select room_code from floating where room_code is not null)
  union
  select n.cluster_no
  from person_shape as s
  inner join person_node as n on n.mention_no = s.mention_no
  inner join born as b on b.birth_date = n.birth_date and b.surname = s.surname
  where s.name is not null
)
select
  n.cluster_no,
  n.mention_no,
  d.source,
  d.role,
  w.spelling as name,
  s.id_key,
  s.birth_date,
  s.sex,
  s.phone,
  s.room_code,
  s.building_code,
  s.organisation_name
from wanted as c
inner join person_node as n on n.cluster_no = c.cluster_no
inner join person_shape as s on s.mention_no = n.mention_no
inner join person_desk as d on d.source_no = s.source and d.role_no = s.role
left join person_spelling as w on w.name = s.name
