-- One statement a link of a row. Places count only at grades A and B, and only a room or a building can be lived in
-- or owned; a firm's domicile and an event may be known to an area only. Nobody relates to himself.
with ends as (
    select mention_key, code, match_probability, quarantined, element as level from identified
    union all
    select mention_key, address_code,
           case grade when 'A' then cast(1 as double) else cast(0.98 as double) end, false, level
    from place
    where grade in ('A', 'B')
)
select l.relation as type, f.code as from_code, t.code as to_code,
       l.relation || '|' || f.code || '|' || t.code as fact_key,
       l.role, l.share, l.valid_from, l.valid_to, l.precision, l.recorded_on, l.source, l.period,
       l.row_no, l.from_mention as mention_key, l.to_mention,
       round(f.match_probability * t.match_probability, 4) as confidence,
       coalesce(p.mask, 0) as mask
from row_link as l
join ends as f on f.mention_key = l.from_mention
join ends as t on t.mention_key = l.to_mention
join relation_type as r on r.code = l.relation
left join event as known_from on known_from.event_code = f.code and r.from_element = 'event'
left join event as known_to on known_to.event_code = t.code and r.to_element = 'event'
left join source_standing as p on p.source = l.source
where not f.quarantined and not t.quarantined and f.code <> t.code
  and (r.from_element <> 'event' or known_from.event_code is not null)
  and (r.to_element <> 'event' or known_to.event_code is not null)
  and (r.to_element <> 'address' or r.from_element in ('event', 'organisation') or t.level in ('room', 'building'))
