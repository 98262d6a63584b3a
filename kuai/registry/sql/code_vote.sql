-- Where the mentions of each earlier code stand now, best cluster first: the one with most verified of its own
-- mentions, then with most of them, then with its founding mention, then the first in file order. A living code none of
-- whose own mentions is here goes on with those that were found under it last (is_proxy): absence renumbers nobody.
-- Nearly all codes stand in one cluster: only those that are divided between several are weighed.
with own as (
    select element, home_code as code, mention_key, cluster_key, source, period, row_no, false as is_proxy
    from past_home
    where cluster_key is not null and has_vote
),
found_under as (
    select element, last_code as code, mention_key, cluster_key, source, period, row_no, true as is_proxy
    from past_home
    where cluster_key is not null and (last_code <> home_code or not has_vote)
),
proxy as (
    select f.*
    from found_under as f
    left join (
        select distinct o.code from own as o join (select distinct code from found_under) as w on w.code = o.code
    ) as here on here.code = f.code
    where here.code is null
),
stood as (
    select element, code, cluster_key, is_proxy from own group by element, code, cluster_key, is_proxy
    union all
    select element, code, cluster_key, is_proxy from proxy group by element, code, cluster_key, is_proxy
),
divided as (
    select code from stood group by code having count(*) > 1
),
weighed as (
    select v.element, v.code, v.cluster_key, v.is_proxy,
           row_number() over (
               partition by v.code
               order by count(s.mention_key) desc, count(*) desc,
                        max(case when v.mention_key = l.founding_mention then 1 else 0 end) desc,
                        min(v.source), min(v.period), min(v.row_no), v.cluster_key
           ) as place
    from (select * from own union all select * from proxy) as v
    join divided as d on d.code = v.code
    join previous_ledger as l on l.code = v.code
    left join verified_mention as s on s.mention_key = v.mention_key
    group by v.element, v.code, v.cluster_key, v.is_proxy
),
placed as (
    select t.element, t.code, t.cluster_key, t.is_proxy, 1 as place
    from stood as t
    left join divided as d on d.code = t.code
    where d.code is null
    union all
    select element, code, cluster_key, is_proxy, place from weighed
)
select p.element, p.code, l.serial, l.founding_mention, l.merged_into, p.cluster_key, p.is_proxy, p.place
from placed as p
join previous_ledger as l on l.code = p.code
