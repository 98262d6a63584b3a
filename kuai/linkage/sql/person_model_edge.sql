-- Pairs of clusters the model holds for one person: over the threshold, with no rival nearly as good
-- for the cluster without a number, and never two people whom one source lists side by side in one room. Below the
-- threshold those whose name nobody else bears, with no near name in their rooms and on their phones but a housemate's.
-- That is a slip.
with scored as (
  select l.cluster_no as left_no, r.cluster_no as right_no, max(p.match_probability) as match_probability
  from model_pair as p
  inner join person_profile as l on l.unique_id = p.unique_id_l
  inner join person_profile as r on r.unique_id = p.unique_id_r
  where l.cluster_no <> r.cluster_no
  group by l.cluster_no, r.cluster_no
),
side_by_side as (
  select s.left_no, s.right_no
  from scored as s
  inner join person_profile as l on l.cluster_no = s.left_no
  inner join person_profile as r on r.cluster_no = s.right_no
  where l.source = r.source and l.room_code = r.room_code and l.name <> r.name
  group by s.left_no, s.right_no
),
fair as (
  select least(s.left_no, s.right_no) as left_no, greatest(s.left_no, s.right_no) as right_no, max(s.match_probability) as match_probability
  from scored as s
  left join side_by_side as b on b.left_no = s.left_no and b.right_no = s.right_no
  where b.left_no is null
  group by least(s.left_no, s.right_no), greatest(s.left_no, s.right_no)
),
both_ways as (
  select left_no as cluster_no, right_no as other_no, match_probability from fair
  union all
  select right_no as cluster_no, left_no as other_no, match_probability from fair
),
floating as (
  select cluster_no from person_profile where anchored = 0 group by cluster_no
),
rivalled as (
  select b.cluster_no
  from both_ways as b
  inner join floating as f on f.cluster_no = b.cluster_no
  where b.match_probability >= $rival_probability
  group by b.cluster_no
  having count(*) > 1
),
likely_slip as (
  select b.cluster_no, b.other_no
  from both_ways as b
  inner join floating as f on f.cluster_no = b.cluster_no
  where b.match_probability >= $slip_threshold and b.match_probability < $threshold
),
slip_face as (
  select distinct p.cluster_no, p.name, p.sound, p.phone, p.room_code
  from person_profile as p
  where p.cluster_no in (select cluster_no from likely_slip)
),
borne_elsewhere as (
  select f.cluster_no
  from slip_face as f
  inner join person_spelling as w on w.spelling = f.name
  inner join person_shape as s on s.name = w.name
  inner join person_node as n on n.mention_no = s.mention_no
  where n.cluster_no <> f.cluster_no
  group by f.cluster_no
),
housemate as (
  select distinct f.cluster_no, f.name as slip, f.sound as slip_sound, p.cluster_no as other_no, p.name, p.sound
  from slip_face as f
  inner join person_profile as p on p.room_code = f.room_code
  where p.cluster_no <> f.cluster_no
),
beside as (
  select * from housemate
  union
  select f.cluster_no, f.name, f.sound, p.cluster_no, p.name, p.sound
  from slip_face as f
  inner join person_profile as p on p.phone = f.phone
  where p.cluster_no <> f.cluster_no
),
torn as (
  select cluster_no
  from beside
  where
    sound = slip_sound
    or (
      length(name) = length(slip) and cast(substr(name, 1, 1) = substr(slip, 1, 1) as integer)
      + cast(substr(name, 2, 1) = substr(slip, 2, 1) as integer)
      + cast(substr(name, 3) = substr(slip, 3) as integer) = 2
    )
  group by cluster_no
  having count(distinct other_no) > 1
),
-- One source that writes both names knows two people (twins, father and son), unless of two rooms: there it may be an
-- owner or the holder of two accounts.
told_apart as (
  select s.cluster_no, s.other_no
  from likely_slip as s
  inner join person_profile as l on l.cluster_no = s.cluster_no
  inner join person_profile as r on r.cluster_no = s.other_no
  where
    l.source = r.source and l.name <> r.name
    and (l.room_code is null or r.room_code is null or l.room_code = r.room_code)
  group by s.cluster_no, s.other_no
),
slip as (
  select s.cluster_no, s.other_no
  from likely_slip as s
  inner join (select distinct cluster_no, other_no from housemate) as h
    on h.cluster_no = s.cluster_no and h.other_no = s.other_no
  left join told_apart as a on a.cluster_no = s.cluster_no and a.other_no = s.other_no
  where
    a.cluster_no is null
    and s.cluster_no not in (select cluster_no from borne_elsewhere)
    and s.cluster_no not in (select cluster_no from torn)
)
select left_no, right_no, match_probability
from fair
left join slip as l on l.cluster_no = left_no and l.other_no = right_no
left join slip as r on r.cluster_no = right_no and r.other_no = left_no
where
  (match_probability >= $threshold or l.cluster_no is not null or r.cluster_no is not null)
  and left_no not in (select cluster_no from rivalled)
  and right_no not in (select cluster_no from rivalled)
order by left_no, right_no
