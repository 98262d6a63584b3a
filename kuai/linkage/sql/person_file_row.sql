-- One row a row of the given file, numbered by source and row_id; `address` stands in where no room code is given.
select
  mention_no,
  row_id as mention_key,
  source,
  role,
  name,
  id_number,
  try_cast(
    case
      when regexp_matches(birth_date, '^[0-9]{8}$')
        then concat(substr(birth_date, 1, 4), '-', substr(birth_date, 5, 2), '-', substr(birth_date, 7, 2))
      else replace(replace(substr(birth_date, 1, 10), '/', '-'), '.', '-')
    end as date
  ) as birth_date,
  case when sex in ('1', '男', '男性', 'M', 'm') then '1' when sex in ('2', '女', '女性', 'F', 'f') then '2' end as sex,
  phone,
  coalesce(
    nullif(room_code, ''),
    nullif(
      regexp_replace(
        regexp_replace(
          translate(upper(address), '０１２３４５６７８９－—一二三四五六七八九', '0123456789--123456789'),
          '[\s,，.。·()（）#]+',
          '',
          'g'
        ),
        '^(中国)?(广东省)?(深圳市?)?',
        ''
      ),
      ''
    )
  ) as room_code,
  case when regexp_matches(room_code, '^[0-9]{25}$') then substr(room_code, 1, 19) end as building_code,
  cast(null as varchar) as likely_room_code,
  organisation_name
from file_row
