-- Clusters in which somebody stands who is not simply a mention of the code that continues there: a mention of a code
-- merged into it, one that moved here, one that joined such a cluster. Whoever joins them now has no vote.
select k.element, k.cluster_key, k.code
from cluster_code as k
join (
    select element, cluster_key from code_vote where place > 1 and not is_proxy
    union
    select element, cluster_key from code_home where code <> continues_as
    union
    select element, cluster_key from past_home where cluster_key is not null and not has_vote
) as u on u.element = k.element and u.cluster_key = k.cluster_key
