-- Pairs of clusters the model holds for one person: over the threshold, with no rival nearly as good
-- for the cluster without a number, and never two people whom one source lists side by side in one room.
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
)
select left_no, right_no, match_probability
from fair
where
  match_probability >= $threshold
  and left_no not in (select cluster_no from rivalled)
  and right_no not in (select cluster_no from rivalled)
order by left_no, right_no
