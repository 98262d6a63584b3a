-- Everything stated: by the rows of this build, and what is carried on from the one before.
select s.relation_no, s.type, s.from_code, s.to_code, s.fact_key, s.role, s.share, s.valid_from, s.valid_to, s.precision,
       '' as ended_by, s.recorded_on,
       coalesce(s.said_since, cast($as_of as date)) as said_since,
       s.source, s.period, s.mention_key, s.to_mention, s.confidence, s.mask
from stated as s
union all
select n.relation_no, c.type, c.from_code, c.to_code, c.fact_key, c.role, c.share, c.valid_from, c.valid_to, c.precision,
       c.ended_by, c.recorded_on, c.said_since, c.source, c.period, c.mention_key, c.to_mention, c.confidence, c.mask
from carried as c
join statement_number as n on n.link_no = c.link_no
where c.fate in ('ended', 'replaced', 'stands')
