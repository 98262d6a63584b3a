-- Whom each mention was when it was last seen: in the previous build, else as the founder of a code whose every
-- mention stayed away from that build (its source came late, or the build was of other sources).
select element, mention_key, code
from previous_mention
where element <> 'address' and code is not null
union all
select l.element, l.founding_mention, l.code
from previous_ledger as l
left join (select distinct element, code from previous_mention) as seen
    on seen.element = l.element and seen.code = l.code
left join previous_mention as other
    on other.element = l.element and other.mention_key = l.founding_mention
where l.merged_into is null and seen.code is null and other.mention_key is null
