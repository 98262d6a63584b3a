-- What linkage says of mentions of persons and organisations, under their numbers.
select 'person' as element, m.mention_no, m.delivery_no, l.cluster_key, l.match_probability, r.reason_no, l.quarantined
from numbered_person as m
join person_link as l on l.mention_key = m.mention_key
left join reason_number as r on r.reason = l.reason
union all
select 'organisation', m.mention_no, m.delivery_no, l.cluster_key, l.match_probability, r.reason_no, l.quarantined
from numbered_organisation as m
join organisation_link as l on l.mention_key = m.mention_key
left join reason_number as r on r.reason = l.reason
