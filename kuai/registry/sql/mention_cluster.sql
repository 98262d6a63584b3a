-- Every mention of the build, by number, with the cluster it belongs to.
select l.element, l.mention_no, l.delivery_no, c.cluster_no, l.match_probability, l.reason, l.quarantined
from linked as l
join cluster as c on c.element = l.element and c.cluster_key = l.cluster_key
union all
select 'event', mention_no, delivery_no, mention_no, cast(1 as double), '本行即事件', false
from numbered_event
union all
select 'contact', mention_no, delivery_no, cluster_no, cast(1 as double), '号码相同', false
from same_account
