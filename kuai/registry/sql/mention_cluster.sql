-- Every mention of the build, by number, with the cluster it belongs to.
select l.element, l.mention_no, l.delivery_no, c.cluster_no, l.match_probability, l.reason_no, l.quarantined
from linked as l
join cluster as c on c.element = l.element and c.cluster_key = l.cluster_key
union all
select 'event', m.mention_no, m.delivery_no, m.mention_no, cast(1 as double), r.reason_no, false
from numbered_event as m
join reason_number as r on r.reason = '本行即事件'
union all
select 'contact', m.mention_no, m.delivery_no, m.cluster_no, cast(1 as double), r.reason_no, false
from same_account as m
join reason_number as r on r.reason = '号码相同'
