-- What stands in for mention_home where the earlier build is of a release without it: the founders of codes that its
-- mention_element does not show, because the code was merged away or all its mentions stayed away.
select element, mention_key, home_code, has_vote
from (
    select l.element, l.founding_mention as mention_key, l.code as home_code, true as has_vote,
           row_number() over (partition by l.element, l.founding_mention order by l.serial desc) as place
    from previous_ledger as l
    left join gone_before as g on g.code = l.code
    left join previous_mention as m on m.mention_key = l.founding_mention and m.element = l.element
    left join (select distinct element, code from previous_mention) as seen
        on seen.element = l.element and seen.code = l.code
    where (g.code is not null and (m.mention_key is null or m.code = g.living_code))
       or (g.code is null and seen.code is null and m.mention_key is null)
) as founder
where place = 1
