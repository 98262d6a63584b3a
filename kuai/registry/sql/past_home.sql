-- Every mention an earlier build knew: the code it belongs to by birth or split (its home), whether it says where that
-- code goes on, under which code it was found last; and where it stands in this build (no cluster: it is away).
with home as (
    select element, mention_key, home_code, has_vote from previous_home
    union all
    select p.element, p.mention_key, p.code, true
    from previous_mention as p
    left join previous_home as h on h.mention_key = p.mention_key and h.element = p.element
    where p.element <> 'address' and p.code is not null and h.mention_key is null
)
select h.element, h.mention_key, h.home_code, h.has_vote, coalesce(g.living_code, h.home_code) as last_code,
       m.cluster_key, m.source, m.period, m.row_no
from home as h
left join gone_before as g on g.code = h.home_code
left join element_mention as m on m.mention_key = h.mention_key and m.element = h.element
