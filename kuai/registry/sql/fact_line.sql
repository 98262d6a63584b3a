-- The lists of the base library: each fact once a standing, by kind, numbered so that a page reads only its own rows.
with listed as (
    select case when is_contested then 'contested' else status end as standing,
           type, fact_key, level, source, valid_from
    from relation
    where status <> 'withdrawn' and (is_contested or status in ('asserted', 'verified', 'disputed'))
), gathered as (
    select standing, type, fact_key, max(level) as level, min(valid_from) as valid_from,
           string_agg(distinct source, ',' order by source) as sources
    from listed
    group by standing, type, fact_key
)
select row_number() over (order by g.standing, g.type, g.fact_key) as line_no,
       g.standing, g.type, g.fact_key, g.level, g.sources, g.valid_from, coalesce(b.disputed_by, '') as disputed_by
from gathered as g
left join base_fact as b on b.fact_key = g.fact_key
