-- Everything stated: by the rows of this build, and what is carried on from the one before.
with once as (
    select source, fact_key, coalesce(valid_to, cast('9999-12-31' as date)) as until, min(said_since) as said_since
    from remembered
    where ended_by <> 'full_delivery' and not was_ended_apart
    group by source, fact_key, coalesce(valid_to, cast('9999-12-31' as date))
),
once_apart as (
    select source, fact_key, min(said_since) as said_since
    from remembered
    where was_ended_apart
    group by source, fact_key
)
select s.link_no, s.type, s.from_code, s.to_code, s.fact_key, s.role, s.share, s.valid_from, s.valid_to, s.precision,
       '' as ended_by, s.recorded_on,
       coalesce(least(o.said_since, a.said_since), cast($as_of as date)) as said_since,
       s.source, s.period, s.mention_key, s.to_mention, s.confidence, s.mask
from stated as s
left join once as o
    on o.fact_key = s.fact_key and o.source = s.source
    and o.until = coalesce(s.valid_to, cast('9999-12-31' as date))
left join once_apart as a on a.fact_key = s.fact_key and a.source = s.source
union all
select link_no, type, from_code, to_code, fact_key, role, share, valid_from, valid_to, precision,
       ended_by, recorded_on, said_since, source, period, mention_key, to_mention, confidence, mask
from carried
where fate in ('ended', 'replaced', 'stands')
