-- The mentions a pairing rule may bring together, spelled out again: of clusters without a number, and of clusters
-- that share a phone, a room, or birth date and surname with one. The rest of the city stays integers.
with cluster_state as (
  select
    n.cluster_no,
    max(case when s.id_key is not null then 1 else 0 end) as anchored,
    min(s.birth_date) as birth_date
  from person_node as n
  inner join person_shape as s on s.mention_no = n.mention_no
  group by n.cluster_no
),
floating as (
  select c.cluster_no, s.phone, s.room_code, coalesce(s.birth_date, c.birth_date) as birth_date, s.name
  from cluster_state as c
  inner join person_node as n on n.cluster_no = c.cluster_no
  inner join person_shape as s on s.mention_no = n.mention_no
  where c.anchored = 0
),
born as (
  select f.birth_date, w.surname
  from floating as f
  inner join person_spelling as w on w.name = f.name
  where f.birth_date is not null
  group by f.birth_date, w.surname
),
wanted as (
  select cluster_no from floating
  union
  select n.cluster_no
  from person_shape as s
  inner join person_node as n on n.mention_no = s.mention_no
  where s.phone in (select phone from floating where phone is not null)
  union
  select n.cluster_no
  from person_shape as s
  inner join person_node as n on n.mention_no = s.mention_no
  where s.room_code in (select room_code from floating where room_code is not null)
  union
  select n.cluster_no
  from person_shape as s
  inner join person_node as n on n.mention_no = s.mention_no
  inner join cluster_state as c on c.cluster_no = n.cluster_no
  inner join person_spelling as w on w.name = s.name
  inner join born as b on b.birth_date = coalesce(s.birth_date, c.birth_date) and b.surname = w.surname
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
