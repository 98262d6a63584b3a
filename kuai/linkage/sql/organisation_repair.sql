-- Mentions whose faulty code has exactly one near neighbour among the known codes of that name.
with sure as (
  select faulty_code, bare_name, min(credit_code) as credit_code
  from near_code
  group by faulty_code, bare_name
  having min(credit_code) = max(credit_code)
),
known as (
  select credit_code, min(mention_no) as first_no
  from organisation_row
  where credit_code is not null
  group by credit_code
)
select r.mention_no, k.first_no, s.credit_code
from organisation_row as r
inner join sure as s on s.faulty_code = r.faulty_code and s.bare_name = r.bare_name
inner join known as k on k.credit_code = s.credit_code
