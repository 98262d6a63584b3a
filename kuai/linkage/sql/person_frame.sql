-- One row a mention of a person of one source, numbered in founding order from $first_no, with what the record says of
-- place and employer, and nothing that identifies: this part may spill. Of a mention delivered in several periods the
-- latest delivery counts. Records and mentions meet by the integers of their names (key_no, record_no: made by the
-- caller), because names of fifty characters made this step a third of the stage.
with repeated as (
  select key_no from keyed_person_mention group by key_no having count(*) > 1
),
latest as (
  select p.*
  from keyed_person_mention as p
  left join repeated as r on r.key_no = p.key_no
  where r.key_no is null
  union all
  select *
  from (
    select p.*
    from keyed_person_mention as p
    inner join repeated as r on r.key_no = p.key_no
    qualify row_number() over (partition by p.mention_key order by p.period desc, p.row_no) = 1
  ) as newest
),
sure as (
  select
    key_no,
    case when level = 'room' and grade in ('A', 'B') then address_code end as room_code,
    -- The best candidate of an unsure wash: where somebody of that name is known, it is likely the right one.
    case when level = 'room' then address_code end as likely_room_code,
    -- As a value to compare, not as a parent: the building digits a room code was issued with, or the code itself.
    case when grade in ('A', 'B') and length(address_code) in (19, 25) then substr(address_code, 1, 19) end as building_code
  from keyed_address_wash
  where
    grade in ('A', 'B', 'C') and level in ('room', 'building')
    -- Because washes lie sorted by name, others' are skipped unread.
    and mention_key >= concat($source, ':') and mention_key < concat($source, ';')
),
place_found as (
  select
    a.record_no,
    a.key_no,
    max(w.room_code) as room_code,
    max(w.likely_room_code) as likely_room_code,
    max(w.building_code) as building_code
  from (select distinct record_no, key_no from keyed_address_mention) as a
  inner join sure as w on w.key_no = a.key_no
  group by a.record_no, a.key_no
),
by_record as (
  select
    record_no,
    count(*) as places,
    min(room_code) as room_code,
    min(likely_room_code) as likely_room_code,
    min(building_code) as building_code
  from place_found
  group by record_no
),
-- Rows that name more than one place need a choice; most name one.
several as (
  select record_no from by_record where places > 1
),
choosing as (
  select
    p.key_no,
    f.room_code,
    f.building_code,
    f.likely_room_code,
    -- A place the row ties to this very person comes before another place of the same row.
    row_number() over (
      partition by p.mention_key
      order by case when t.person_key is not null then 0 else 1 end, a.mention_key
    ) as choice
  from latest as p
  inner join several as m on m.record_no = p.record_no
  inner join place_found as f on f.record_no = p.record_no
  inner join keyed_address_mention as a on a.key_no = f.key_no and a.record_no = f.record_no
  left join (
    select l.from_mention as person_key, l.to_mention as place_key
    from keyed_row_link as l inner join several as m on m.record_no = l.record_no
    union
    select l.to_mention, l.from_mention
    from keyed_row_link as l inner join several as m on m.record_no = l.record_no
  ) as t on t.person_key = p.mention_key and t.place_key = a.mention_key
),
employed as (
  select
    record_no,
    min(regexp_replace(regexp_replace(name, '[\s()（）]', '', 'g'), '^(广东省)?(深圳市?)?', '')) as organisation_name
  from keyed_organisation_mention
  group by record_no
)
select
  $first_no + row_number() over (order by p.period, p.row_no, p.role, p.mention_key) - 1 as mention_no,
  p.mention_key,
  p.source,
  p.role,
  p.period,
  p.birth_date,
  p.sex,
  case when f.places = 1 then f.room_code else l.room_code end as room_code,
  case when f.places = 1 then f.building_code else l.building_code end as building_code,
  case when f.places = 1 then f.likely_room_code else l.likely_room_code end as likely_room_code,
  e.organisation_name
from latest as p
left join by_record as f on f.record_no = p.record_no
left join (select * from choosing where choice = 1) as l on l.key_no = p.key_no
left join employed as e on e.record_no = p.record_no
