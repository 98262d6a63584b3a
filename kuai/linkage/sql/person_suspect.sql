-- Rows whose cluster may be odd: odd by themselves, or listed by a register without a number but with a phone (two of
-- them in one cluster may be two persons).
select
  s.mention_no,
  case
    when s.number_is_off then true
    when s.id_key is not null and s.declared_birth_date <> s.birth_date then true
    when s.birth_date < cast($oldest_birth as date) then true
    else false
  end as is_odd
from person_shape as s
left join person_register as r on r.source = s.source and r.role = s.role
where
  s.number_is_off
  or (s.id_key is not null and s.declared_birth_date <> s.birth_date)
  or s.birth_date < cast($oldest_birth as date)
  or (r.source is not null and s.id_key is null and s.phone is not null)
