-- Mentions that agree on one value, each tied to the first of its group; a group that names two valid
-- codes is two organisations under one name and ties nobody.
with agreed as (
  select value, min(mention_no) as first_no
  from organisation_key_value
  group by value
  having count(*) > 1 and coalesce(min(credit_code) = max(credit_code), true)
)
select v.mention_no, a.first_no
from organisation_key_value as v
inner join agreed as a on a.value = v.value
where v.mention_no <> a.first_no
