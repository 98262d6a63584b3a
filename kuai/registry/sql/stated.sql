-- The statements of this build's rows, with all that the rows say.
select h.link_no, h.relation_no, h.said_since, l.relation as type, h.from_code, h.to_code,
       l.relation || '|' || h.from_code || '|' || h.to_code as fact_key,
       l.role, l.share, l.valid_from, l.valid_to, l.precision, l.recorded_on, l.source, l.period,
       l.from_mention as mention_key, l.to_mention, h.confidence, coalesce(p.mask, 0) as mask
from held as h
join row_link as l on l.link_no = h.link_no
left join source_standing as p on p.source = l.source
