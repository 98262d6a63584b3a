-- What became of statements that no row of this build makes: ended by a full delivery that came after them, replaced
-- by a newer row of the same record, standing (nobody said otherwise), resting with their absent source, or read
-- anew (the row is there; we understand it otherwise). Decision 0022.
with source_now as (
    select source, max(period) as last_period, max(place) as newest_place,
           max(case when kind = 'full' then place end) as full_place,
           max(case when kind = 'full' then as_of end) as full_on,
           max(as_of) as newest_on, max(retention_days) as retention_days
    from source_delivery
    where kind in ('full', 'delta', 'append')
    group by source
),
lost as (
    select m.*
    from remembered as m
    where not exists (
        select 1 from stated as s where s.fact_key = m.fact_key and s.source = m.source
    )
),
still_said as (
    select l.source, l.relation as type, l.from_mention as mention_key, l.to_mention, max(l.period) as period
    from row_link as l
    join (select distinct source, type, mention_key, to_mention from lost) as p
        on p.mention_key = l.from_mention and p.to_mention = l.to_mention and p.type = l.relation and p.source = l.source
    group by l.source, l.relation, l.from_mention, l.to_mention
),
now_of as (
    select s.source, s.type, s.mention_key, s.to_mention, max(s.from_code) as from_code, max(s.to_code) as to_code
    from stated as s
    join still_said as p
        on p.mention_key = s.mention_key and p.to_mention = s.to_mention and p.type = s.type and p.source = s.source
    group by s.source, s.type, s.mention_key, s.to_mention
),
judged as (
    select l.*, n.full_on, n.newest_on, n.retention_days, p.mask as source_mask,
           d.kind as said_kind,
           case
               when n.source is null then 'rests'
               when w.source is not null and w.period <> l.period and c.source is not null
                    and sf.code is null and st.code is null then 'replaced'
               when w.source is not null then
                   case when ef.code is not null or et.code is not null then 'stands' else 'read_anew' end
               when o.place is null and length(l.period) = length(n.last_period) and l.period > n.last_period then 'rests'
               when o.place is null and n.full_place is null then 'stands'
               when o.place is null or n.full_place = n.newest_place then 'ended'
               when n.newest_place > o.place then 'replaced'
               else 'read_anew'
           end as fate
    from lost as l
    left join source_now as n on n.source = l.source
    left join source_standing as p on p.source = l.source
    left join source_delivery as o on o.source = l.source and o.period = l.period and o.kind in ('full', 'delta', 'append')
    left join still_said as w
        on w.mention_key = l.mention_key and w.to_mention = l.to_mention and w.type = l.type and w.source = l.source
    left join source_delivery as d on d.source = w.source and d.period = w.period and d.kind in ('full', 'delta', 'append')
    left join now_of as c
        on c.mention_key = l.mention_key and c.to_mention = l.to_mention and c.type = l.type and c.source = l.source
    left join identity_ledger as sf on sf.code = c.from_code and sf.split_from = l.from_code
    left join identity_ledger as st on st.code = c.to_code and st.split_from = l.to_code
    left join element_end as ef on ef.code = l.from_code
    left join element_end as et on et.code = l.to_code
),
dated as (
    select *,
           case
               when ended_by <> '' or fate not in ('ended', 'replaced') then valid_to
               when valid_to <= coalesce(case when fate = 'ended' then full_on end, newest_on) then valid_to
               else greatest(coalesce(case when fate = 'ended' then full_on end, newest_on), valid_from)
           end as last_day,
           case
               when ended_by <> '' or fate not in ('ended', 'replaced') then ended_by
               when valid_to <= coalesce(case when fate = 'ended' then full_on end, newest_on) then 'declared'
               when fate = 'ended' or said_kind = 'full' then 'full_delivery'
               else 'declared'
           end as last_word
    from judged
)
-- Numbered behind all links of rows.
select 4611686018427387904 + row_number() over (
           order by source, period, type, mention_key, to_mention, fact_key, valid_from, last_day
       ) as link_no,
       type, from_code, to_code, fact_key, role, share, valid_from, last_day as valid_to, precision,
       last_word as ended_by, recorded_on, said_since, source, period, mention_key, to_mention, confidence,
       -- An agreement that allows more today does not allow it for what was handed over before.
       mask & coalesce(source_mask, mask) as mask,
       rests_since,
       case
           when fate <> 'rests' and last_word <> '' and retention_days > 0
                and last_day + cast(retention_days as integer) < cast($as_of as date) then 'expired'
           else fate
       end as fate
from dated
