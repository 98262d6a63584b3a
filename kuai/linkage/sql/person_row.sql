-- The frame of a mention with its sealed values, opened for this stage alone.
select
  f.mention_no,
  f.mention_key,
  f.source,
  f.role,
  i.name,
  i.id_number,
  f.birth_date,
  f.sex,
  i.phone,
  f.room_code,
  f.building_code,
  f.likely_room_code,
  f.organisation_name
from person_frame as f
left join sealed_identity as i on i.mention_key = f.mention_key and i.period = f.period and i.source = f.source
