-- Contact points of a row: its utility account, the organisation's phone, and the phones persons may be reached at.
select row_no, role, kind, account_number
from (
    select
        row_no,
        role,
        kind,
        nullif(upper(translate(account_number, ' -', '')), '') as account_number
    from account_cell
    union all
    select c.row_no, c.role, 'phone' as kind, r.phone as account_number
    from phone_cell as c
    inner join phone_reading as r on r.raw = c.phone
    union all
    select p.row_no, p.role || '_phone' as role, 'phone' as kind, p.phone as account_number
    from person_reading as p
    inner join contact_role as c on c.role = p.role
) as listed
where account_number is not null and account_number not in (select word from placeholder_word)
