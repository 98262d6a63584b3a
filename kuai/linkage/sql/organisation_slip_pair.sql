-- Codes that fail their check beside known ones under the same name (but for the form of company): one slip leaves
-- the first nine characters or the last nine as they were.
with faulty as (
  select faulty_code, bare_name
  from organisation_row
  where faulty_code is not null and bare_name is not null
  group by faulty_code, bare_name
),
known as (
  select credit_code, bare_name
  from organisation_row
  where credit_code is not null and bare_name is not null
  group by credit_code, bare_name
)
select f.faulty_code, f.bare_name, k.credit_code
from faulty as f
inner join known as k on k.bare_name = f.bare_name
where
  substr(k.credit_code, 1, 9) = substr(f.faulty_code, 1, 9)
  or substr(k.credit_code, 10, 9) = substr(f.faulty_code, length(f.faulty_code) - 8, 9)
group by f.faulty_code, f.bare_name, k.credit_code
order by f.faulty_code, f.bare_name, k.credit_code
