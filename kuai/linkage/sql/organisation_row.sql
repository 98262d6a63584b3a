-- One row a mention of an organisation, numbered in founding order. The latest delivery of a mention counts.
-- Records and mentions meet by the integers of their names, as in person_frame.
with repeated as (
  select key_no from keyed_organisation_mention group by key_no having count(*) > 1
),
latest as (
  select o.*
  from keyed_organisation_mention as o
  left join repeated as r on r.key_no = o.key_no
  where r.key_no is null
  union all
  select *
  from (
    select o.*
    from keyed_organisation_mention as o
    inner join repeated as r on r.key_no = o.key_no
    qualify row_number() over (partition by o.mention_key order by o.period desc, o.row_no) = 1
  ) as newest
),
-- Because few rows that name an organisation name a place, the others' places are left out first.
place_found as (
  select
    a.record_no,
    min(case when length(w.address_code) in (19, 25) then substr(w.address_code, 1, 19) end) as building_code
  from keyed_address_mention as a
  inner join (select distinct record_no from keyed_organisation_mention) as o on o.record_no = a.record_no
  inner join keyed_address_wash as w on w.key_no = a.key_no
  where w.grade in ('A', 'B')
  group by a.record_no
),
spoken as (
  select
    name,
    nullif(
      regexp_replace(
        regexp_replace(upper(name), '[\s()（）【】\[\]·,，.．\-]', '', 'g'), '^(中国)?(广东省?)?(深圳市?)?', ''
      ),
      ''
    ) as plain_name
  from (select distinct name from keyed_organisation_mention where name is not null) as o
),
named as (
  select l.*, f.building_code, s.plain_name
  from latest as l
  left join place_found as f on f.record_no = l.record_no
  left join spoken as s on s.name = l.name
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
