-- Written places.
select
    k.record_key || '#' || a.role as mention_key,
    k.record_key,
    $source as source,
    $period as period,
    a.row_no,
    a.role,
    a.text,
    a.is_sentence
from address_reading as a
inner join row_key as k on k.row_no = a.row_no
