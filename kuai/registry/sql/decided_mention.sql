-- The mentions that living decisions on identity name: where they stand now, which code was theirs. Two sides of a
-- decision that parts: the two mentions (different), those that leave and those that stay (split).
select d.sequence, d.kind, case when d.kind = 'split' then d.part else d.subject end as side,
       m.element, m.cluster_key, h.home_code, h.last_code
from decision as d
join element_mention as m on m.mention_key = d.subject
left join past_home as h on h.mention_key = m.mention_key and h.element = m.element
where d.kind in ('same', 'different', 'split') and d.part in ('subject', 'staying')
