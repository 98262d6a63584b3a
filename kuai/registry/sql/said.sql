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
select s.relation_no, s.type, s.from_code, s.to_code, s.fact_key, s.role, s.share, s.valid_from, s.valid_to, s.precision,
       '' as ended_by, s.recorded_on,
       coalesce(least(o.said_since, a.said_since), cast($as_of as date)) as said_since,
       s.source, s.period, s.mention_key, s.to_mention, s.confidence, s.mask
from stated as s
left join once as o
    on o.fact_key = s.fact_key and o.source = s.source
    and o.until = coalesce(s.valid_to, cast('9999-12-31' as date))
left join once_apart as a on a.fact_key = s.fact_key and a.source = s.source
union all
select n.relation_no, c.type, c.from_code, c.to_code, c.fact_key, c.role, c.share, c.valid_from, c.valid_to, c.precision,
       c.ended_by, c.recorded_on, c.said_since, c.source, c.period, c.mention_key, c.to_mention, c.confidence, c.mask
from carried as c
join statement_number as n on n.link_no = c.link_no
where c.fate in ('ended', 'replaced', 'stands')
