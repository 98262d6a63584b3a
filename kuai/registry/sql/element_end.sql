-- Elements that are no more: by decision, by an organisation's own register, by the address library (a demolished
-- building takes its rooms with it). Of an organisation the day is that of the build that first saw it ended.
with decided as (
    select coalesce(n.now, d.subject) as code, d.on_day as ended_on, d.sequence as decision
    from decision as d
    left join code_now as n on n.code = d.subject
    where d.kind = 'life_cycle' and d.part = 'subject' and d.says in ('death', 'ended', 'demolished')
      and d.on_day is not null
),
seen_before as (
    select coalesce(n.now, p.code) as code,
           max(case when p.kind = 'ended' then p.on_day end) as ended_on,
           max(case when p.kind = 'resumed' then p.on_day end) as resumed_on
    from previous_life as p
    left join code_now as n on n.code = p.code
    where p.element = 'organisation' and p.kind in ('ended', 'resumed') and p.decision is null
    group by coalesce(n.now, p.code)
),
torn_down as (
    select e.address_code as code, min(s.happened_on) as ended_on
    from address_entry as e
    left join address_succession as s on s.address_code = e.address_code and s.kind = 'demolished'
    where e.state = 'demolished' and e.level in ('building', 'room')
    group by e.address_code
),
listed as (
    select code, ended_on, decision from decided
    union all
    select r.address_code, d.ended_on, d.decision
    from decided as d
    join address_entry as r on r.parent_code = d.code and r.level = 'room'
    union all
    select o.organisation_code,
           case when b.ended_on > coalesce(b.resumed_on, cast('0001-01-01' as date)) then b.ended_on
                else cast($as_of as date) end,
           null
    from organisation as o
    left join seen_before as b on b.code = o.organisation_code
    where o.state = 'ended'
    union all
    select code, coalesce(ended_on, cast($as_of as date)), null from torn_down
    union all
    select r.address_code, coalesce(b.ended_on, cast($as_of as date)), null
    from torn_down as b
    join address_entry as r on r.parent_code = b.code and r.level = 'room'
)
select code, ended_on, decision
from listed
-- A future day ends nothing yet.
where ended_on <= cast($as_of as date)
qualify row_number() over (partition by code order by ended_on, decision nulls last) = 1
