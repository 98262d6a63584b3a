-- Every mention of the build by its key, with the cluster it belongs to: for decisions and earlier builds, which know keys.
with named as (
    select 'person' as element, mention_no, mention_key, source, period, row_no, role from numbered_person
    union all
    select 'organisation', mention_no, mention_key, source, period, row_no, role from numbered_organisation
    union all
    select 'event', mention_no, mention_key, source, period, row_no, role from numbered_event
    union all
    select 'contact', mention_no, mention_key, source, period, row_no, role from numbered_account
)
select m.element, m.mention_no, m.mention_key, m.source, m.period, m.row_no, m.role, c.cluster_no, c.cluster_key
from named as m
join mention_cluster as b on b.element = m.element and b.mention_no = m.mention_no
join cluster as c on c.element = b.element and c.cluster_no = b.cluster_no
