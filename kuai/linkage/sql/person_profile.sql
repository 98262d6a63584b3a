-- What the model compares: the different faces of each cluster, for clusters without a number and for
-- those that share a pairing value with one. Values known anywhere in a cluster fill the gaps of a face.
with cluster_state as (
  select
    s.cluster_no,
    max(case when s.id_key is not null then 1 else 0 end) as anchored,
    min(s.birth_date) as birth_date,
    min(s.sex) as sex,
    -- The first by founding order, because tokens have no order that means anything.
    arg_min(s.phone, s.mention_no) filter (where s.phone is not null) as phone,
    arg_min(s.room_code, s.mention_no) filter (where s.room_code is not null) as room_code,
    arg_min(s.building_code, s.mention_no) filter (where s.building_code is not null) as building_code,
    arg_min(s.organisation_name, s.mention_no) filter (where s.organisation_name is not null) as organisation_name
  from person_pairing_row as s
  group by s.cluster_no
),
face as (
  select
    s.cluster_no,
    c.anchored,
    s.source,
    -- One per room, unlike residents: the owner, the landlord, the holder of the account.
    case when s.role in ('owner', 'landlord', 'account_holder') then 1 else 0 end as is_head,
    s.name,
    substr(s.name, 1, 1) as surname,
    coalesce(s.birth_date, c.birth_date) as birth_date,
    coalesce(s.sex, c.sex) as sex,
    coalesce(s.phone, c.phone) as phone,
    coalesce(s.room_code, case when s.building_code is null then c.room_code end) as room_code,
    coalesce(s.building_code, c.building_code) as building_code,
    coalesce(s.organisation_name, c.organisation_name) as organisation_name,
    min(s.mention_no) as mention_no
  from person_pairing_row as s
  inner join cluster_state as c on c.cluster_no = s.cluster_no
  where s.name is not null
  group by all
),
floating as (
  select * from face where anchored = 0
)
select
  f.mention_no as unique_id,
  f.*,
  substr(f.name, 2, 1) as given_first,
  substr(f.name, 3) as given_rest,
  length(f.name) as name_length
from face as f
where
  f.anchored = 0
  or f.phone in (select phone from floating)
  or f.room_code in (select room_code from floating)
  or exists (
    select 1 from floating as x where x.birth_date = f.birth_date and x.surname = f.surname
  )
