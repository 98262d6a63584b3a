-- Each written phone as digits only: the first where several are written, country code 86 taken off, numbers of
-- one repeated digit and other placeholders null.
with firsts as (
    select raw, regexp_extract(raw, '^([^/,;、，；|]*)', 1) as first_number
    from written_phone
),
digits as (
    select
        raw,
        regexp_replace(regexp_replace(first_number, '[.]0$', ''), '[^0-9]', '', 'g') as all_digits
    from firsts
),
domestic as (
    select
        raw,
        case
            when regexp_matches(all_digits, '^(00)?861[3-9][0-9]{9}$') then substr(all_digits, length(all_digits) - 10, 11)
            else all_digits
        end as digits
    from digits
)
select
    raw,
    case
        when length(digits) not between 7 and 15 then null
        when replace(digits, substr(digits, 1, 1), '') = '' then null
        when strpos('12345678901234567890', digits) > 0 then null
        else digits
    end as phone
from domestic
