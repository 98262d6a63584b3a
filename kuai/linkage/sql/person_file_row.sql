-- One row a row of the given file, numbered by source and row_id. Where no room code is given the written address
-- stands in, folded to a key: what stands in brackets, what administers the place and a road before an estate come
-- off, Chinese numerals become digits, words for building, unit, floor and room become strokes. No parser: the key
-- need not be read, only be the same for the same door. One without a room's number is a building's.
with plain as (
  select
    *,
    -- Because translate is slow, only texts that need it get it.
    case
      when regexp_matches(unplaced, '[０-９Ａ-Ｚａ-ｚ（）＃－—～〇零棟幢單樓層區園號]')
        then
          translate(
            unplaced,
            '０１２３４５６７８９－—～〇零（）ＡＢＣＤＥＦａｂｃｄｅｆ＃棟幢單樓層區園號',
            '0123456789---00()ABCDEFABCDEF#栋栋单楼层区园号'
          )
      else unplaced
    end as plain_text
  from (select *, case when nullif(room_code, '') is null then address end as unplaced from file_row)
),
bare as (
  select
    *,
    regexp_replace(
      regexp_replace(
        case when contains(plain_text, '(') then regexp_replace(plain_text, '[(][^)]*([)]|$)', '', 'g') else plain_text end,
        '[\s,，.。·、;；:：)_/]+',
        '',
        'g'
      ),
      '^.*(街道办事处|街道办|街道|办事处|社区居委会|社区|居委会|村委会)',
      ''
    ) as bare_text
  from plain
),
placed as (
  select
    *,
    case
      when regexp_matches(bare_text, '^[^0-9一二三四五六七八九十]{2,12}[市区县][^0-9一二三四五六七八九十]{2}')
        then regexp_replace(bare_text, '^[^0-9一二三四五六七八九十]{2,12}[市区县]([^0-9一二三四五六七八九十]{2})', '\1')
      when starts_with(bare_text, '深圳') then substr(bare_text, 3)
      when starts_with(bare_text, '广东深圳') then substr(bare_text, 5)
      else bare_text
    end as placed_text
  from bare
),
short as (
  select
    *,
    case
      when regexp_matches(placed_text, '[路街道巷][0-9一二三四五六七八九十]+号[^-0-9栋座单楼层室房之A-Z一二三四五六七八九十]{2}')
        then
          regexp_replace(
            placed_text,
            '^[^号]*[路街道巷][0-9一二三四五六七八九十]+号([^-0-9栋座单楼层室房之A-Z一二三四五六七八九十]{2})',
            '\1'
          )
      when regexp_matches(placed_text, '^[^0-9]{2,3}[街镇乡][^-0-9栋座单楼层室房号一二三四五六七八九十]{2}')
        then regexp_replace(placed_text, '^[^0-9]{2,3}[街镇乡]', '')
      else placed_text
    end as short_text
  from placed
),
counted as (
  select
    *,
    case
      when contains(short_text, '十')
        then
          replace(
            regexp_replace(
              regexp_replace(
                regexp_replace(
                  translate(short_text, '一二三四五六七八九', '123456789'), '([1-9])十([1-9])', '\1\2', 'g'
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
      when regexp_matches(short_text, '[一二三四五六七八九]') then translate(short_text, '一二三四五六七八九', '123456789')
      else short_text
    end as counted_text
  from short
),
stroked as (
  select
    *,
    upper(
      regexp_replace(
        regexp_replace(
          regexp_replace(
            regexp_replace(counted_text, '[^0-9A-Za-z]+$', ''), '[0-9]+[楼层]([0-9]{3})', '-\1', 'g'
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
    * exclude (place),
    nullif(place, '') as place,
    regexp_matches(place, '^[^0-9]{1,}.*[0-9A-Z]-[0-9]{2,4}[A-Z]?(-[0-9A-Z]{1,2})?$') as is_room
  from stroked
)
select
  mention_no,
  row_id as mention_key,
  source,
  role,
  name,
  id_number,
  coalesce(
    try_cast(
      case
        when regexp_matches(birth_date, '^[0-9]{8}$')
          then concat(substr(birth_date, 1, 4), '-', substr(birth_date, 5, 2), '-', substr(birth_date, 7, 2))
        else replace(replace(substr(birth_date, 1, 10), '/', '-'), '.', '-')
      end as date
    ),
    -- Because it is slow, only what is no date yet is read so: 1990年1月1日, 1990/1/1 0:00, digits in full width.
    try_cast(
      regexp_replace(
        translate(birth_date, '０１２３４５６７８９年月－／．/.', '0123456789-------'), '[^0-9-].*$', ''
      ) as date
    )
  ) as birth_date,
  case when sex in ('1', '男', '男性', 'M', 'm') then '1' when sex in ('2', '女', '女性', 'F', 'f') then '2' end as sex,
  phone,
  case when is_room then place else nullif(room_code, '') end as room_code,
  case
    when is_room then regexp_replace(place, '-[0-9]{2,4}[A-Z]?(-[0-9A-Z]{1,2})?$', '')
    when place is not null then place
    when regexp_matches(room_code, '^[0-9]{25}$') then substr(room_code, 1, 19)
  end as building_code,
  cast(null as varchar) as likely_room_code,
  organisation_name
from keyed
