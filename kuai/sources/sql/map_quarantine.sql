-- Rows that name nobody and no place, and classes of sole traders: they go back to their office with the reason.
select k.row_no, '没有可识别的人、地址或单位' as reason
from row_key as k
where
    k.row_no not in (select row_no from person_reading)
    and k.row_no not in (select row_no from organisation_reading)
    and k.row_no not in (select row_no from address_reading)
union
-- Because a sole trader is partly a natural person, and no natural person is put into a class.
select e.row_no, '个体工商户不分级，不接收' as reason
from event_reading as e
inner join organisation_reading as o on o.row_no = e.row_no
where e.kind = 'inspection_class' and (o.kind = 'sole_trader' or coalesce(o.credit_code, '') like '92%')
