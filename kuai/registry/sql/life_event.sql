-- Turns of life: as stated, as decided, or as the difference between two builds shows them; what is not known is none.
with home as (
    select r.from_code as code, r.to_code as place_code, r.valid_from, r.valid_to, r.precision, r.source, r.mention_key,
           r.relation_no,
           -- First and last are found among all of them: what is derived stands no higher than the lowest.
           min(k.standing) over (partition by r.from_code) as standing,
           bit_and(m.mask) over (partition by r.from_code) as mask,
           count(*) over (partition by r.from_code) as statements,
           sum(case when r.status = 'ended' then 1 else 0 end) over (partition by r.from_code) as ended
    from relation as r
    join status_rank as k on k.status = r.status
    join purpose_set as m on m.purposes = r.purposes
    where r.type = 'PH_RESIDE' and r.status <> 'withdrawn' and not r.is_contested
),
before as (
    select coalesce(n.now, p.code) as code, p.element, p.kind, p.on_day, p.precision, p.place_code, p.source,
           p.mention_key, p.status, p.purposes
    from previous_life as p
    left join code_now as n on n.code = p.code
    where p.decision is null and p.kind in ('changed', 'ended', 'resumed', 'planned', 'built', 'demolished')
),
last_seen as (
    select code, max(case when kind = 'ended' then on_day end) as ended_on,
           max(case when kind = 'resumed' then on_day end) as resumed_on,
           max(case when kind = 'planned' then on_day end) as planned_on,
           max(case when kind = 'built' then on_day end) as built_on
    from before
    group by code
),
decided as (
    select coalesce(n.now, d.subject) as code,
           case when d.subject like 'P-%' then 'person' when d.subject like 'O-%' then 'organisation' else 'building' end as element,
           d.says as kind, d.on_day, d.sequence
    from decision as d
    left join code_now as n on n.code = d.subject
    where d.kind = 'life_cycle' and d.part = 'subject'
),
turned as (
    select person_code as code, 'person' as element, 'birth' as kind, birth_date as on_day, birth_precision as precision,
           cast(null as varchar) as place_code, '' as source, cast(null as varchar) as mention_key,
           cast(null as bigint) as decision, status, purposes
    from person
    where birth_date is not null and not quarantined
    union all
    select h.code, 'person', 'arrival', h.valid_from, h.precision, h.place_code, h.source, h.mention_key, null,
           k.status, p.purposes
    from (
        select *, row_number() over (partition by code order by valid_from, relation_no) as place from home where valid_from is not null
    ) as h
    join status_rank as k on k.standing = h.standing
    join purpose_mask as p on p.mask = h.mask
    where h.place = 1
    union all
    select h.code, 'person', 'departure', h.valid_to, h.precision, h.place_code, h.source, h.mention_key, null,
           k.status, p.purposes
    from (
        select *, row_number() over (partition by code order by valid_to desc, relation_no) as place from home where ended = statements
    ) as h
    join status_rank as k on k.standing = h.standing
    join purpose_mask as p on p.mask = h.mask
    where h.place = 1
    union all
    select d.code, d.element, d.kind, d.on_day, 'day', null, '', null, d.sequence, 'verified',
           coalesce(p.purposes, o.purposes, '')
    from decided as d
    left join person as p on p.person_code = d.code
    left join organisation as o on o.organisation_code = d.code
    union all
    select organisation_code, 'organisation', 'founded', founded_on, 'day', null, '', null, null, status, purposes
    from organisation
    where founded_on is not null
    union all
    select o.organisation_code, 'organisation', 'ended', e.ended_on, 'unknown', null, '', null, null, o.status, o.purposes
    from organisation as o
    join element_end as e on e.code = o.organisation_code and e.decision is null
    union all
    select o.organisation_code, 'organisation', 'resumed', cast($as_of as date), 'unknown', null, '', null, null, o.status, o.purposes
    from organisation as o
    join last_seen as b on b.code = o.organisation_code
    where o.state = 'active' and b.ended_on > coalesce(b.resumed_on, cast('0001-01-01' as date))
    union all
    select o.organisation_code, 'organisation', 'changed', cast($as_of as date), 'unknown', null, '', null, null, o.status,
           p.purposes
    from organisation as o
    join previous_organisation as b on b.organisation_code = o.organisation_code
    -- Seen in what both builds say.
    join purpose_set as n on n.purposes = o.purposes
    join purpose_set as m on m.purposes = b.purposes
    join purpose_mask as p on p.mask = n.mask & m.mask
    where b.name <> o.name or b.credit_code <> o.credit_code or b.kind <> o.kind
    union all
    select e.address_code, 'building', 'planned', cast($as_of as date), 'unknown', null, '', null, null, 'asserted', ''
    from address_entry as e
    left join last_seen as b on b.code = e.address_code
    where e.level = 'building' and e.state = 'planned' and b.planned_on is null
    union all
    select e.address_code, 'building', 'built', cast($as_of as date), 'unknown', null, '', null, null, 'asserted', ''
    from address_entry as e
    join last_seen as b on b.code = e.address_code
    where e.level = 'building' and e.state = 'in_use' and b.planned_on is not null and b.built_on is null
    union all
    select e.address_code, 'building', 'demolished', d.ended_on, 'day', null, '', null, null, 'asserted', ''
    from address_entry as e
    join element_end as d on d.code = e.address_code and d.decision is null
    where e.level = 'building' and e.state = 'demolished'
    union all
    select code, element, kind, on_day, precision, place_code, source, mention_key, null, status, purposes
    from before
)
select code, element, kind, on_day, precision, place_code, source, mention_key, decision, status, purposes
from turned
qualify row_number() over (partition by code, element, kind, on_day, decision order by precision, purposes) = 1
