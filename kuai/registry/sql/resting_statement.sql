-- What sources said that are not in this build: it waits for them.
select c.type, c.from_code, c.to_code, c.fact_key, c.role, c.share, c.valid_from, c.valid_to, c.precision, c.ended_by,
       c.recorded_on, c.said_since, c.source, c.period, c.mention_key, c.to_mention, 'asserted' as status, '' as level,
       false as is_contested, null as decision, c.confidence, coalesce(p.purposes, '') as purposes,
       coalesce(c.rests_since, cast($as_of as date)) as rests_since
from carried as c
left join purpose_mask as p on p.mask = c.mask
where c.fate = 'rests'
