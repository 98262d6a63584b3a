-- A door card becomes "someone new may live here" only when its holder is not known at that room; the signal names
-- nobody. Cards of known residents make no event.
with placed as (
    select i.code, i.serial, i.mention_key, i.source, m.record_key, m.kind, m.occurred_on, m.category, m.outcome,
           case when p.grade in ('A', 'B') then p.address_code end as place_code,
           case when p.grade in ('A', 'B') then p.level end as place_level
    from identified as i
    join event_mention as m on m.mention_key = i.mention_key
    left join (
        select l.from_mention, q.address_code, q.grade, q.level
        from row_link as l
        join place as q on q.mention_key = l.to_mention
        where l.relation = 'HE_OCCUR'
        qualify row_number() over (partition by l.from_mention order by q.grade, q.mention_key) = 1
    ) as p on p.from_mention = i.mention_key
    where i.element = 'event'
),
known_card as (
    select distinct e.code
    from placed as e
    join identified as holder on holder.record_key = e.record_key and holder.element = 'person'
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
