-- The homes that mention_element does not tell: of mentions whose code is merged into another, of those that joined
-- without a vote, and of those that are away. All others are at home with the code they are found under.
select m.element, m.mention_key, coalesce(h.code, u.code) as home_code, h.code is not null as has_vote
from unsettled_cluster as u
join element_mention as m on m.element = u.element and m.cluster_key = u.cluster_key
left join past_home as p on p.mention_key = m.mention_key and p.element = m.element and p.has_vote
left join code_home as h
    on h.code = p.home_code and h.element = m.element and h.cluster_key = m.cluster_key and not h.is_proxy
where h.code is null or h.code <> u.code
union all
select element, mention_key, home_code, has_vote
from past_home
where cluster_key is null
