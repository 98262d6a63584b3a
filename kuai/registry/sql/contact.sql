select row_number() over (order by k.serial) as contact_no,
       k.code as contact_code, k.founding_mention, m.kind
from all_code as k
join account_mention as m on m.mention_key = k.founding_mention
where k.element = 'contact'
