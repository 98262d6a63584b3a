-- Since when the statements of this build's rows have been said, where the build before had them: by number, so that
-- the relations need not hold the words of both to be sorted.
with until_day as (
    select source, fact_key, said_since, was_ended_apart,
           -- Of what ended apart from its row any end is the same statement.
           case when not was_ended_apart then coalesce(valid_to, cast('9999-12-31' as date)) end as until
    from remembered
    where was_ended_apart or ended_by <> 'full_delivery'
),
once as (
    select source, fact_key, until, was_ended_apart, min(said_since) as said_since
    from until_day
    group by source, fact_key, until, was_ended_apart
)
select s.link_no, min(o.said_since) as said_since
from stated as s
join once as o on o.fact_key = s.fact_key and o.source = s.source
where o.was_ended_apart or o.until = coalesce(s.valid_to, cast('9999-12-31' as date))
group by s.link_no
