-- Every mention, by number, with its code.
select m.element, m.mention_no, m.mention_no - m.mention_no % 256 as line_no, m.delivery_no, m.cluster_no,
       m.match_probability, m.reason_no, m.quarantined, k.code
from mention_cluster as m
join all_code as k on k.element = m.element and k.cluster_no = m.cluster_no
