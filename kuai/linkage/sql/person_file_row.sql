-- One row a row of the given file, numbered by source and row_id. Where no room code is given the written address
-- stands in, folded to a key: what stands in brackets, what administers the place and a road before an estate come
-- off, Chinese numerals become digits, words for building, unit, floor and room become strokes. No parser: the key
-- need not be read, only be the same for the same door. One without a room's number is a building's.
with plain as (
  select
    mention_no,
    -- Because translate is slow, only texts that need it get it.
    case
      when regexp_matches(address, '[０-９Ａ-Ｚａ-ｚ（）＃－—～〇零棟幢單樓層區園號]')
        then
          translate(
            address,
            '０１２３４５６７８９－—～〇零（）ＡＢＣＤＥＦａｂｃｄｅｆ＃棟幢單樓層區園號',
            '0123456789---00()ABCDEFABCDEF#栋栋单楼层区园号'
          )
      else address
    end as written
  from file_row
  where nullif(room_code, '') is null and address is not null
),
bare as (
  select
    mention_no,
    regexp_replace(
      regexp_replace(
        case when contains(written, '(') then regexp_replace(written, '[(][^)]*([)]|$)', '', 'g') else written end,
        '[\s,，.。·、;；:：)_/]+',
        '',
        'g'
      ),
      '^.*(街道办事处|街道办|街道|办事处|社区居委会|社区|居委会|村委会)',
      ''
    ) as written
  from plain
),
placed as (
  select
    mention_no,
    case
      when regexp_matches(written, '^[^0-9一二三四五六七八九十]{2,12}[市区县][^0-9一二三四五六七八九十]{2}')
        then regexp_replace(written, '^[^0-9一二三四五六七八九十]{2,12}[市区县]([^0-9一二三四五六七八九十]{2})', '\1')
      when starts_with(written, '深圳') then substr(written, 3)
      when starts_with(written, '广东深圳') then substr(written, 5)
      else written
    end as written
  from bare
),
short as (
  select
    mention_no,
    case
      when regexp_matches(written, '[路街道巷][0-9一二三四五六七八九十]+号[^-0-9栋座单楼层室房之A-Z一二三四五六七八九十]{2}')
        then
          regexp_replace(
            written,
            '^[^号]*[路街道巷][0-9一二三四五六七八九十]+号([^-0-9栋座单楼层室房之A-Z一二三四五六七八九十]{2})',
            '\1'
          )
      when regexp_matches(written, '^[^0-9]{2,3}[街镇乡][^-0-9栋座单楼层室房号一二三四五六七八九十]{2}')
        then regexp_replace(written, '^[^0-9]{2,3}[街镇乡]', '')
      else written
    end as written
  from placed
),
counted as (
  select
    mention_no,
    case
      when contains(written, '十')
        then
          replace(
            regexp_replace(
              regexp_replace(
                regexp_replace(
                  translate(written, '一二三四五六七八九', '123456789'), '([1-9])十([1-9])', '\1\2', 'g'
                ),
                '([1-9])十',
                '\10',
                'g'
              ),
              '十([1-9])',
              '1\1',
              'g'
            ),
            '十',
            '10'
          )
      when regexp_matches(written, '[一二三四五六七八九]') then translate(written, '一二三四五六七八九', '123456789')
      else written
    end as written
  from short
),
stroked as (
  select
    mention_no,
    upper(
      regexp_replace(
        regexp_replace(
          regexp_replace(
            regexp_replace(written, '[^0-9A-Za-z]+$', ''), '[0-9]+[楼层]([0-9]{3})', '-\1', 'g'
          ),
          '[号楼院栋座单元层室房铺#之-]+',
          '-',
          'g'
        ),
        '花园|小区|村',
        '',
        'g'
      )
    ) as place
  from counted
),
keyed as (
  select
    mention_no,
    nullif(place, '') as place,
    regexp_matches(place, '^[^0-9]{1,}.*[0-9A-Z]-[0-9]{2,4}[A-Z]?(-[0-9A-Z]{1,2})?$') as is_room
  from stroked
)
select
  r.mention_no,
  r.row_id as mention_key,
  r.source,
  r.role,
  r.name,
  r.id_number,
  try_cast(
    case
      when regexp_matches(r.birth_date, '^[0-9]{8}$')
        then concat(substr(r.birth_date, 1, 4), '-', substr(r.birth_date, 5, 2), '-', substr(r.birth_date, 7, 2))
      else replace(replace(substr(r.birth_date, 1, 10), '/', '-'), '.', '-')
    end as date
  ) as birth_date,
  case when r.sex in ('1', '男', '男性', 'M', 'm') then '1' when r.sex in ('2', '女', '女性', 'F', 'f') then '2' end as sex,
  r.phone,
  case when k.is_room then k.place else nullif(r.room_code, '') end as room_code,
  case
    when k.is_room then regexp_replace(k.place, '-[0-9]{2,4}[A-Z]?(-[0-9A-Z]{1,2})?$', '')
    when k.mention_no is not null then k.place
    when regexp_matches(r.room_code, '^[0-9]{25}$') then substr(r.room_code, 1, 19)
  end as building_code,
  cast(null as varchar) as likely_room_code,
  r.organisation_name
from file_row as r
left join keyed as k on k.mention_no = r.mention_no
