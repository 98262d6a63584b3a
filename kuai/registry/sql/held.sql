-- One statement a link of a row, under the link's number. Places count only at grades A and B, and only a room or a
-- building can be lived in or owned; a firm's domicile and an event may be known to an area only. Nobody relates to
-- himself.
select l.link_no, l.line_no, l.delivery_no, f.code as from_code, t.code as to_code,
       round(f.match_probability * t.match_probability, 4) as confidence,
       cast(null as bigint) as relation_no, cast(null as date) as said_since
from link as l
join statement_end as f on f.mention_no = l.from_no
join statement_end as t on t.mention_no = l.to_no
join relation_type as r on r.code = l.relation
left join event as known_from on known_from.event_code = f.code and r.from_element = 'event'
left join event as known_to on known_to.event_code = t.code and r.to_element = 'event'
where not f.quarantined and not t.quarantined and f.code <> t.code
  and (r.from_element <> 'event' or known_from.event_code is not null)
  and (r.to_element <> 'event' or known_to.event_code is not null)
  and (r.to_element <> 'address' or r.from_element in ('event', 'organisation') or t.level in ('room', 'building'))
