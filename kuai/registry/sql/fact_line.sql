-- The lists of the base library: each fact once a standing, by kind, numbered so that a page reads only its own rows.
with listed as (
    select case when is_contested then 'contested' else status end as standing,
           type, fact_key, level, source, valid_from
    from relation
    where status <> 'withdrawn' and (is_contested or status in ('asserted', 'verified', 'disputed'))
), gathered as (
    select standing, fact_key, min(type) as type, max(level) as level, min(valid_from) as valid_from,
           min(source) as first_source, max(source) as last_source
    from listed
    group by standing, fact_key
), several as (
    -- Most facts have one source alone: only the others' are put together.
    select l.standing, l.fact_key, string_agg(distinct l.source, ',' order by l.source) as sources
    from listed as l
    join gathered as g on g.standing = l.standing and g.fact_key = l.fact_key and g.first_source <> g.last_source
    group by l.standing, l.fact_key
)
select row_number() over (order by g.standing, g.type, g.fact_key) as line_no,
       g.standing, g.type, g.fact_key, g.level, coalesce(s.sources, g.first_source) as sources, g.valid_from,
       coalesce(b.disputed_by, '') as disputed_by
from gathered as g
left join several as s on s.standing = g.standing and s.fact_key = g.fact_key
left join base_fact as b on b.fact_key = g.fact_key
