-- A door card becomes "someone new may live here" only when its holder is not known at that room; the signal names
-- nobody. Cards of known residents make no event.
with placed as (
    select i.code, k.serial, m.mention_key, m.source, i.line_no, m.kind, m.occurred_on, m.category, m.outcome,
           case when p.grade in ('A', 'B') then p.address_code end as place_code,
           case when p.grade in ('A', 'B') then p.level end as place_level
    from identified as i
    join all_code as k on k.code = i.code and k.element = 'event'
    join numbered_event as m on m.mention_no = i.mention_no
    left join (
        select l.from_no, min(q.rank) as rank
        from link as l
        join place as q on q.mention_no = l.to_no
        where l.relation = 'HE_OCCUR'
        group by l.from_no
    ) as o on o.from_no = i.mention_no
    left join place as p on p.rank = o.rank
    where i.element = 'event'
),
known_card as (
    select distinct e.code
    from placed as e
    join identified as holder on holder.line_no = e.line_no and holder.element = 'person'
    left join known_at as k on k.person_code = holder.code and k.address_code = e.place_code
    -- Of whom linkage holds back nothing is found, not even that they are new.
    where e.kind = 'door_card' and (k.person_code is not null or holder.quarantined)
),
registers as (
    select bit_and(coalesce(s.mask, 0)) as mask
    from (
        select distinct source from row_link where relation in ('PH_RESIDE', 'PH_RENT', 'PH_OWN', 'PH_HUKOU')
    ) as r
    left join source_standing as s on s.source = r.source
)
select row_number() over (order by e.serial) as event_no,
       e.code as event_code, e.mention_key as founding_mention,
       case when e.kind = 'door_card' then 'new_resident_signal' else e.kind end as kind,
       e.occurred_on, e.category, e.outcome, e.place_code, e.place_level,
       'asserted' as status, coalesce(p.purposes, '') as purposes
from placed as e
cross join registers as r
left join source_standing as s on s.source = e.source
-- That nobody knows the holder is found in the registers: the signal may be used for what they too allow.
left join purpose_mask as p
    on p.mask = case when e.kind = 'door_card' then coalesce(s.mask, 0) & coalesce(r.mask, s.mask, 0) else coalesce(s.mask, 0) end
left join known_card as c on c.code = e.code
where e.kind <> 'door_card' or (c.code is null and e.place_level = 'room')
