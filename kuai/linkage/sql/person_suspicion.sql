-- Founders of clusters with an impossible structure: a cut edge at the border, one number with two birth
-- dates, too many phones, more years than a life.
with told as (
  select
    m.founder_no,
    count(distinct s.phone) as phones,
    count(distinct s.declared_birth_date) as birth_dates,
    max(case when s.id_key is not null and s.declared_birth_date <> s.birth_date then 1 else 0 end) as birth_differs,
    min(s.birth_date) as born_on,
    max(case when s.number_is_off then 1 else 0 end) as number_is_off
  from membership as m
  inner join person_shape as s on s.mention_no = m.mention_no
  group by m.founder_no
)
select founder_no
from told
where phones > $person_phones_max or birth_dates > 1 or birth_differs = 1 or number_is_off = 1
  or born_on < cast($oldest_birth as date)
union
select founder_no from disputed_cluster
