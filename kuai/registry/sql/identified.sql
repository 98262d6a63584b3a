-- Every mention with its code.
select m.element, m.mention_key, m.record_key, m.source, m.period, m.row_no, m.role, m.match_probability, m.reason,
       m.cluster_key, m.quarantined, k.code, k.serial
from element_mention as m
join all_code as k on k.element = m.element and k.cluster_key = m.cluster_key
