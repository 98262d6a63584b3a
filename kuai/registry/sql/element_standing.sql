-- What an element may be used for: the purposes that every source naming it allows.
select i.code, bit_and(coalesce(s.mask, 0)) as mask
from identified as i
join delivery_number as n on n.delivery_no = i.delivery_no
left join source_standing as s on s.source = n.source
group by i.code
