-- One row a cluster. Its number is that of its first mention in the files: the order in which codes are born. Events are
-- their own cluster.
select element, cluster_key, min(mention_no) as cluster_no, count(*) as mentions,
       max(cast(quarantined as integer)) as quarantined
from linked
group by element, cluster_key
union all
select 'contact', cluster_key, cluster_no, mentions, 0
from same_account
where cluster_key is not null
union all
select 'event', mention_key, mention_no, 1, 0
from numbered_event
