-- The standing of each fact: the lowest status of its statements, the purposes that all their sources allow.
select r.fact_key, min(k.standing) as standing, bit_and(m.mask) as mask
from relation as r
join status_rank as k on k.status = r.status
join purpose_set as m on m.purposes = r.purposes
group by r.fact_key
