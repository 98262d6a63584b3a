-- Where the mentions of each earlier code stand now, best cluster first: the one with most verified of its own
-- mentions, then with most of them, then with its founding mention, then the first in file order. A living code none of
-- whose own mentions is here goes on with those that were found under it last (is_proxy): absence renumbers nobody.
with own as (
    select element, home_code as code, mention_key, cluster_key, source, period, row_no, false as is_proxy
    from past_home
    where cluster_key is not null and has_vote
),
proxy as (
    select p.element, p.last_code as code, p.mention_key, p.cluster_key, p.source, p.period, p.row_no, true as is_proxy
    from past_home as p
    left join (
        select home_code from past_home where cluster_key is not null and has_vote group by home_code
    ) as here on here.home_code = p.last_code
    where p.cluster_key is not null and (p.last_code <> p.home_code or not p.has_vote) and here.home_code is null
)
select v.element, v.code, l.serial, l.founding_mention, l.merged_into, v.cluster_key, v.is_proxy,
       row_number() over (
           partition by v.code
           order by count(s.mention_key) desc, count(*) desc,
                    max(case when v.mention_key = l.founding_mention then 1 else 0 end) desc,
                    min(v.source), min(v.period), min(v.row_no), v.cluster_key
       ) as place
from (select * from own union all select * from proxy) as v
join previous_ledger as l on l.code = v.code
left join verified_mention as s on s.mention_key = v.mention_key
group by v.element, v.code, l.serial, l.founding_mention, l.merged_into, v.cluster_key, v.is_proxy
