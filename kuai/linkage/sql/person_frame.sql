-- One row a mention of a person, numbered in founding order, with what the record says of place and employer, and
-- nothing that identifies: this part may spill. Of a mention delivered in several periods the latest delivery counts.
with latest as (
  select *
  from person_mention
  qualify row_number() over (partition by mention_key order by period desc, row_no) = 1
),
place_found as (
  select
    a.record_key,
    a.period,
    a.mention_key,
    max(case when w.level = 'room' and w.grade in ('A', 'B') then w.address_code end) as room_code,
    -- The best candidate of an unsure wash: where somebody of that name is known, it is likely the right one.
    max(case when w.level = 'room' then w.address_code end) as likely_room_code,
    -- As a value to compare, not as a parent: the building digits a room code was issued with, or the code itself.
    max(
      case
        when w.grade in ('A', 'B') and length(w.address_code) in (19, 25) then substr(w.address_code, 1, 19)
      end
    ) as building_code
  from address_mention as a
  inner join address_wash as w on w.mention_key = a.mention_key
  where w.grade in ('A', 'B', 'C') and w.level in ('room', 'building')
  group by a.record_key, a.period, a.mention_key
),
-- Rows that name more than one place need a choice; most name one.
several as (
  select record_key, period from place_found group by record_key, period having count(*) > 1
),
choosing as (
  select
    p.mention_key,
    f.room_code,
    f.building_code,
    f.likely_room_code,
    -- A place the row ties to this very person comes before another place of the same row.
    row_number() over (
      partition by p.mention_key
      order by case when t.person_key is not null then 0 else 1 end, f.mention_key
    ) as choice
  from latest as p
  inner join several as m on m.record_key = p.record_key and m.period = p.period
  inner join place_found as f on f.record_key = p.record_key and f.period = p.period
  left join (
    select l.from_mention as person_key, l.to_mention as place_key
    from row_link as l inner join several as m on m.record_key = l.record_key and m.period = l.period
    union
    select l.to_mention, l.from_mention
    from row_link as l inner join several as m on m.record_key = l.record_key and m.period = l.period
  ) as t on t.person_key = p.mention_key and t.place_key = f.mention_key
),
single as (
  select f.*
  from place_found as f
  left join several as m on m.record_key = f.record_key and m.period = f.period
  where m.record_key is null
),
employed as (
  select
    record_key,
    period,
    min(regexp_replace(regexp_replace(name, '[\s()（）]', '', 'g'), '^(广东省)?(深圳市?)?', '')) as organisation_name
  from organisation_mention
  group by record_key, period
)
select
  row_number() over (order by p.source, p.period, p.row_no, p.role, p.mention_key) - 1 as mention_no,
  p.mention_key,
  p.source,
  p.role,
  p.period,
  p.birth_date,
  p.sex,
  coalesce(f.room_code, l.room_code) as room_code,
  coalesce(f.building_code, l.building_code) as building_code,
  coalesce(f.likely_room_code, l.likely_room_code) as likely_room_code,
  e.organisation_name
from latest as p
left join single as f on f.record_key = p.record_key and f.period = p.period
left join choosing as l on l.mention_key = p.mention_key and l.choice = 1
left join employed as e on e.record_key = p.record_key and e.period = p.period
