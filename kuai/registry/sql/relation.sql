-- Every statement with the word of people over it: withdrawn, disputed while somebody objects or a verified fact is
-- contradicted, ended (by what comes first), verified, else asserted.
with ruled as (
    select s.*, w.objected, w.retracted, w.ended, w.level, w.verified, x.disputed_by,
           -- Who came back after the day has begun anew.
           case when w.ended_on is not null and (s.valid_from is null or s.valid_from < w.ended_on)
                then w.ended_on end as decided_end,
           -- What a row says of a later day is not ended; the conflict is shown.
           case when r.from_element <> 'event' and r.to_element <> 'event'
                     and coalesce(s.valid_from, s.recorded_on, cast('0001-01-01' as date)) < least(f.ended_on, t.ended_on)
                then least(f.ended_on, t.ended_on) end as life_end,
           case when t.ended_on is null or f.ended_on <= t.ended_on then f.decision else t.decision end as life_decision
    from said as s
    join relation_type as r on r.code = s.type
    left join fact_word as w on w.fact_key = s.fact_key
    left join fact_dispute as x on x.fact_key = s.fact_key
    left join element_end as f on f.code = s.from_code
    left join element_end as t on t.code = s.to_code
),
dated as (
    select *,
           -- Of days that are unknown the least takes no account.
           least(valid_to, decided_end, life_end) as last_day
    from ruled
),
judged as (
    select *,
           case
               -- What a full delivery left out is over, though it was said to begin or end on a later day.
               when last_day is null or (last_day > cast($as_of as date) and ended_by <> 'full_delivery') then ''
               when decided_end = last_day then 'decision'
               when valid_to = last_day then case when ended_by = '' then 'declared' else ended_by end
               else 'life_cycle'
           end as end_word
    from dated
),
standing as (
    select *,
           case
               when retracted is not null then 'withdrawn'
               when objected is not null then 'disputed'
               when end_word <> '' then 'ended'
               when disputed_by is not null then 'disputed'
               when level <> '' then 'verified'
               else 'asserted'
           end as status
    from judged
)
select s.relation_no, s.type, s.from_code, s.to_code, s.fact_key, s.role, s.share, s.valid_from, s.last_day as valid_to, s.precision,
       s.end_word as ended_by, s.recorded_on, s.said_since, s.source, s.period, s.mention_key, s.to_mention,
       s.status, coalesce(s.level, '') as level, s.objected is not null and s.retracted is null as is_contested,
       case
           when s.status = 'withdrawn' then s.retracted
           when s.objected is not null then s.objected
           when s.end_word = 'decision' then s.ended
           when s.end_word = 'life_cycle' then s.life_decision
           else s.verified
       end as decision,
       s.confidence, coalesce(p.purposes, '') as purposes
from standing as s
left join purpose_mask as p on p.mask = s.mask
