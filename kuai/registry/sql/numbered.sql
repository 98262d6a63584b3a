-- The statements of this build's rows with their numbers, and since when they have been said: joined here while they
-- are narrow.
select h.link_no, h.line_no, h.delivery_no, h.from_code, h.to_code, h.confidence, n.relation_no,
       o.said_since
from held as h
join statement_number as n on n.link_no = h.link_no
left join first_said as o on o.link_no = h.link_no
