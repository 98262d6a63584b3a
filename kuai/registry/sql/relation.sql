-- One relation a statement of a row. Places count only at grades A and B, and only a room or a building can be lived
-- in or owned; a firm's domicile and an event may be known to an area only. Everything is asserted: verification is
-- work, not a build.
with ends as (
    select mention_key, code, match_probability, quarantined, element as level from identified
    union all
    select mention_key, address_code,
           case grade when 'A' then cast(1 as double) else cast(0.98 as double) end, false, level
    from place
    where grade in ('A', 'B')
),
stated as (
    select l.relation as type, f.code as from_code, t.code as to_code,
           l.role, l.share, l.valid_from, l.valid_to, l.precision, l.recorded_on, l.source, l.period,
           l.row_no, l.from_mention as mention_key, l.to_mention,
           round(f.match_probability * t.match_probability, 4) as confidence
    from row_link as l
    join ends as f on f.mention_key = l.from_mention
    join ends as t on t.mention_key = l.to_mention
    join relation_type as r on r.code = l.relation
    left join event as known_event
        on known_event.event_code = case r.from_element when 'event' then f.code else t.code end
    where not f.quarantined and not t.quarantined
      and ((r.from_element <> 'event' and r.to_element <> 'event') or known_event.event_code is not null)
      and (r.to_element <> 'address' or r.from_element in ('event', 'organisation') or t.level in ('room', 'building'))
)
select row_number() over (
           order by s.source, s.period, s.row_no, s.type, s.mention_key, s.to_mention
       ) as relation_no,
       s.type, s.from_code, s.to_code, s.role, s.share, s.valid_from, s.valid_to, s.precision, s.recorded_on,
       s.source, s.period, s.mention_key,
       case when s.valid_to is not null and s.valid_to <= cast($as_of as date) then 'ended' else 'asserted' end as status,
       s.confidence, coalesce(p.purposes, '') as purposes
from stated as s
left join source_purpose as p on p.source = s.source
