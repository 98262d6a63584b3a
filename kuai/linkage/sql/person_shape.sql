-- One row a mention: name, number and phone in the form in which they may be compared. Because the
-- check digit follows from the first 17, a valid number is kept as its first 17 digits (an integer).
with folded as (
  select
    mention_no,
    source,
    role,
    upper(
      regexp_replace(regexp_replace(name, '[（(].*$', ''), '[\s·•．・‧.,，*_\-—''’0-9]+', '', 'g')
    ) as plain_name,
    upper(regexp_replace(translate(id_number, '０１２３４５６７８９Ｘｘ', '0123456789XX'), '[^0-9A-Za-z]', '', 'g')) as id_written,
    regexp_replace(translate(phone, '０１２３４５６７８９', '0123456789'), '[^0-9]', '', 'g') as phone_digits,
    birth_date,
    sex,
    room_code,
    building_code,
    likely_room_code,
    organisation_name
  from person_row
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
      when regexp_matches(id_written, '^[1-9][0-9]{16}[0-9X]$') then substr(id_written, 1, 17)
      when regexp_matches(id_written, '^[1-9][0-9]{14}$')
        then concat(substr(id_written, 1, 6), '19', substr(id_written, 7, 9))
    end as body
  from folded
),
weighed as (
  select
    *,
    (
      (ascii(substr(body, 1, 1)) - 48) * 7 + (ascii(substr(body, 2, 1)) - 48) * 9
      + (ascii(substr(body, 3, 1)) - 48) * 10 + (ascii(substr(body, 4, 1)) - 48) * 5
      + (ascii(substr(body, 5, 1)) - 48) * 8 + (ascii(substr(body, 6, 1)) - 48) * 4
      + (ascii(substr(body, 7, 1)) - 48) * 2 + (ascii(substr(body, 8, 1)) - 48)
      + (ascii(substr(body, 9, 1)) - 48) * 6 + (ascii(substr(body, 10, 1)) - 48) * 3
      + (ascii(substr(body, 11, 1)) - 48) * 7 + (ascii(substr(body, 12, 1)) - 48) * 9
      + (ascii(substr(body, 13, 1)) - 48) * 10 + (ascii(substr(body, 14, 1)) - 48) * 5
      + (ascii(substr(body, 15, 1)) - 48) * 8 + (ascii(substr(body, 16, 1)) - 48) * 4
      + (ascii(substr(body, 17, 1)) - 48) * 2
    ) % 11 as remainder,
    try_cast(
      concat(substr(body, 7, 4), '-', substr(body, 11, 2), '-', substr(body, 13, 2)) as date
    ) as id_birth_date
  from bodied
),
judged as (
  select
    *,
    body is not null
    and id_birth_date between date '1870-01-01' and date '2099-12-31'
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
  case when id_valid then cast(body as bigint) end as id_key,
  case when not coalesce(id_valid, false) and length(id_written) >= 7 then id_written end as id_faulty,
  case
    when length(phone_digits) = 11 and substr(phone_digits, 1, 1) in ('0', '1') then phone_digits
    when length(phone_digits) = 13 and substr(phone_digits, 1, 3) = '861' then substr(phone_digits, 3, 11)
    when length(phone_digits) in (10, 12) and substr(phone_digits, 1, 1) = '0' then phone_digits
  end as phone,
  case when id_valid then id_birth_date else birth_date end as birth_date,
  birth_date as declared_birth_date,
  -- Read from a number that fails its check, too: good enough to agree with, never to contradict by.
  coalesce(
    birth_date, case when id_birth_date between date '1870-01-01' and date '2099-12-31' then id_birth_date end
  ) as likely_birth_date,
  case
    when id_valid then case when (ascii(substr(body, 17, 1)) - 48) % 2 = 1 then '1' else '2' end
    when sex in ('1', '2') then sex
  end as sex,
  false as number_is_off,
  nullif(room_code, '') as room_code,
  nullif(building_code, '') as building_code,
  nullif(likely_room_code, '') as likely_room_code,
  nullif(organisation_name, '') as organisation_name
from judged
