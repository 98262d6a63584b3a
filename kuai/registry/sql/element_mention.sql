-- Every mention of the build with the cluster it belongs to. Events are their own cluster; contact points are the
-- same when kind and token are the same (tokens are keyed for the zone, so no number is read here).
select 'person' as element, m.mention_key, m.source, m.period, m.row_no, m.role, m.record_key,
       l.cluster_key, l.match_probability, l.reason, l.quarantined
from person_mention as m
join person_link as l on l.mention_key = m.mention_key
union all
select 'organisation', m.mention_key, m.source, m.period, m.row_no, m.role, m.record_key,
       l.cluster_key, l.match_probability, l.reason, l.quarantined
from organisation_mention as m
join organisation_link as l on l.mention_key = m.mention_key
union all
select 'event', m.mention_key, m.source, m.period, m.row_no, m.role, m.record_key,
       m.mention_key, cast(1 as double), '本行即事件', false
from event_mention as m
union all
select 'contact', m.mention_key, m.source, m.period, m.row_no, m.role, m.record_key,
       first_value(m.mention_key) over (
           partition by m.kind, m.account_token order by m.source, m.period, m.row_no, m.role
       ),
       cast(1 as double), '号码相同', false
from account_mention as m
