-- One row a mention of an organisation, numbered in founding order. The latest delivery of a mention counts.
with latest as (
  select
    *,
    row_number() over (partition by mention_key order by period desc, row_no) as place
  from organisation_mention
),
place_found as (
  select
    a.record_key,
    a.period,
    min(case when length(w.address_code) in (19, 25) then substr(w.address_code, 1, 19) end) as building_code
  from address_mention as a
  inner join address_wash as w on w.mention_key = a.mention_key
  where w.grade in ('A', 'B')
  group by a.record_key, a.period
),
named as (
  select
    l.*,
    f.building_code,
    nullif(
      regexp_replace(
        regexp_replace(upper(l.name), '[\s()（）【】\[\]·,，.．\-]', '', 'g'), '^(中国)?(广东省?)?(深圳市?)?', ''
      ),
      ''
    ) as plain_name
  from latest as l
  left join place_found as f on f.record_key = l.record_key and f.period = l.period
  where l.place = 1
)
select
  row_number() over (order by source, period, row_no, role, mention_key) - 1 as mention_no,
  mention_key,
  case when credit_code_valid then credit_code end as credit_code,
  case when not credit_code_valid and length(credit_code) between 17 and 19 then credit_code end as faulty_code,
  plain_name,
  nullif(regexp_replace(plain_name, '(股份有限公司|有限责任公司|有限公司|公司|个体工商户)$', ''), '') as bare_name,
  building_code
from named
