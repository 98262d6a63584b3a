-- One row a mention: name, number and phone in the form in which they may be compared. Because the
-- check digit follows from the first 17, a valid number is kept as its first 17 digits (an integer).
-- Because patterns are what costs here, what is already in order is recognised by one and left as it is.
with folded as (
  select
    mention_no,
    source,
    role,
    case
      when regexp_matches(name, '^[一-龥]+$') then name
      else upper(
        regexp_replace(regexp_replace(name, '[（(].*$', ''), '[\s·•．・‧.,，*_\-—''’0-9]+', '', 'g')
      )
    end as plain_name,
    case
      when regexp_matches(id_number, '^[0-9]{17}[0-9X]$') then id_number
      else upper(regexp_replace(translate(id_number, '０１２３４５６７８９Ｘｘ', '0123456789XX'), '[^0-9A-Za-z]', '', 'g'))
    end as id_written,
    case
      when regexp_matches(phone, '^[0-9]+$') then phone
      else regexp_replace(translate(phone, '０１２３４５６７８９', '0123456789'), '[^0-9]', '', 'g')
    end as phone_digits,
    birth_date,
    sex,
    room_code,
    building_code,
    likely_room_code,
    organisation_name
  from person_row_part
),
bodied as (
  select
    *,
    -- Because translate is slow with a long table (4.5 s a million rows), only names that need it get it.
    case
      when regexp_matches(plain_name, $traditional_class) then translate(plain_name, $traditional, $simplified)
      else plain_name
    end as folded_name,
    case
      when regexp_matches(id_written, '^[1-9][0-9]{16}[0-9X]$') then cast(substr(id_written, 1, 17) as bigint)
      when regexp_matches(id_written, '^[1-9][0-9]{14}$')
        then cast(concat(substr(id_written, 1, 6), '19', substr(id_written, 7, 9)) as bigint)
    end as body
  from folded
),
dated as (
  select
    *,
    body // 10000000 % 10000 as id_year,
    body // 100000 % 100 as id_month,
    body // 1000 % 100 as id_day,
    body // 10000000 % 10000 - case when body // 100000 % 100 <= 2 then 1 else 0 end as march_year,
    (body // 100000 % 100 + 9) % 12 as march_month
  from bodied
),
weighed as (
  select
    *,
    (
      body // 10000000000000000 % 10 * 7 + body // 1000000000000000 % 10 * 9
      + body // 100000000000000 % 10 * 10 + body // 10000000000000 % 10 * 5
      + body // 1000000000000 % 10 * 8 + body // 100000000000 % 10 * 4
      + body // 10000000000 % 10 * 2 + body // 1000000000 % 10
      + body // 100000000 % 10 * 6 + body // 10000000 % 10 * 3
      + body // 1000000 % 10 * 7 + body // 100000 % 10 * 9
      + body // 10000 % 10 * 10 + body // 1000 % 10 * 5
      + body // 100 % 10 * 8 + body // 10 % 10 * 4
      + body % 10 * 2
    ) % 11 as remainder,
    case
      when id_year between 1870 and 2099 and id_month between 1 and 12 and id_day between 1 and case
        when id_month in (4, 6, 9, 11) then 30
        when id_month <> 2 then 31
        when id_year % 4 = 0 and (id_year % 100 <> 0 or id_year % 400 = 0) then 29
        else 28
      end
        -- Days since 1970 by the count of days to 1 March: cheaper than reading a text.
        then date '1970-01-01' + cast(
          365 * march_year + march_year // 4 - march_year // 100 + march_year // 400 + (153 * march_month + 2) // 5 + id_day
          - 719469 as integer
        )
    end as id_birth_date
  from dated
),
judged as (
  select
    *,
    body is not null
    and id_birth_date is not null
    and (
      length(id_written) = 15 or substr('10X98765432', cast(remainder as integer) + 1, 1) = substr(id_written, 18, 1)
    ) as id_valid
  from weighed
)
select
  mention_no,
  source,
  role,
  case
    when length(folded_name) >= 2 and not regexp_matches(folded_name, $placeholder_name) then folded_name
  end as name,
  case when id_valid then body end as id_key,
  case when not coalesce(id_valid, false) and length(id_written) >= 7 then id_written end as id_faulty,
  case
    when length(phone_digits) = 11 and substr(phone_digits, 1, 1) in ('0', '1') then phone_digits
    when length(phone_digits) = 13 and substr(phone_digits, 1, 3) = '861' then substr(phone_digits, 3, 11)
    when length(phone_digits) in (10, 12) and substr(phone_digits, 1, 1) = '0' then phone_digits
  end as phone,
  case when id_valid then id_birth_date else birth_date end as birth_date,
  birth_date as declared_birth_date,
  -- Read from a number that fails its check, too: good enough to agree with, never to contradict by.
  coalesce(birth_date, id_birth_date) as likely_birth_date,
  case
    when id_valid then case when body % 2 = 1 then '1' else '2' end
    when sex in ('1', '2') then sex
  end as sex,
  false as number_is_off,
  nullif(room_code, '') as room_code,
  nullif(building_code, '') as building_code,
  nullif(likely_room_code, '') as likely_room_code,
  nullif(organisation_name, '') as organisation_name
from judged
