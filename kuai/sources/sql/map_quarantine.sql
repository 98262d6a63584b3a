-- Rows that name nobody and no place: they go back to their office with the reason.
select k.row_no, '没有可识别的人、地址或单位' as reason
from row_key as k
where
    k.row_no not in (select row_no from person_reading)
    and k.row_no not in (select row_no from organisation_reading)
    and k.row_no not in (select row_no from address_reading)
