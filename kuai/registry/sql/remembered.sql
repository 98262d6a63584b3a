-- What the previous build had as stated, under the codes that go on. Not what happened at an event: lists of events
-- are logs, and an event that leaves the list has not ended. Nothing of a delivery that was shredded.
with kept as (
    select type, from_code, to_code, role, share, valid_from, valid_to, precision, ended_by, recorded_on, said_since,
           source, period, mention_key, to_mention, confidence, purposes, cast(null as date) as rests_since
    from previous_relation
    union all
    select type, from_code, to_code, role, share, valid_from, valid_to, precision, ended_by, recorded_on, said_since,
           source, period, mention_key, to_mention, confidence, purposes, rests_since
    from previous_resting
    where rests_since > cast($as_of as date) - interval 400 day
)
select k.type, coalesce(f.now, k.from_code) as from_code, coalesce(t.now, k.to_code) as to_code,
       k.type || '|' || coalesce(f.now, k.from_code) || '|' || coalesce(t.now, k.to_code) as fact_key,
       k.role, k.share, k.valid_from,
       -- What a decision or the end of an element set is set anew, or not, by those in force today.
       case when k.ended_by in ('decision', 'life_cycle') then null else k.valid_to end as valid_to,
       k.precision,
       case when k.ended_by in ('decision', 'life_cycle') then '' else k.ended_by end as ended_by,
       k.ended_by in ('decision', 'life_cycle') as was_ended_apart,
       k.recorded_on, k.said_since, k.source, k.period, k.mention_key, k.to_mention, k.confidence,
       coalesce(m.mask, 0) as mask, k.rests_since
from kept as k
join relation_type as r on r.code = k.type
left join code_now as f on f.code = k.from_code
left join code_now as t on t.code = k.to_code
left join purpose_set as m on m.purposes = k.purposes
left join source_delivery as gone on gone.source = k.source and gone.period = k.period and gone.kind = 'shredded'
where r.from_element <> 'event' and r.to_element <> 'event' and gone.source is null
