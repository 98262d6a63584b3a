-- The days a row itself speaks of. The written last day of a contract is a day on which it still holds.
with parsed as (
    select
        c.row_no,
        b.day as valid_from,
        coalesce(b.precision, 'unknown') as from_precision,
        case
            when e.precision = 'day' then e.day + interval 1 day
            when e.precision = 'month' then e.day + interval 1 month
            when e.precision = 'year' then e.day + interval 1 year
        end as valid_to,
        coalesce(e.precision, 'unknown') as to_precision,
        r.day as recorded_on,
        case when upper(c.share) in (select word from placeholder_word) then '' else coalesce(c.share, '') end as share
    from day_cell as c
    left join day_reading as b on b.raw = c.valid_from
    left join day_reading as e on e.raw = c.valid_to
    left join day_reading as r on r.raw = c.recorded_on
)
select
    row_no,
    valid_from,
    -- Because a period cannot end before it begins: the end is then unknown, and counted in the receipt.
    case when valid_from is null or valid_to > valid_from then cast(valid_to as date) end as valid_to,
    coalesce(valid_from is not null and valid_to <= valid_from, false) as is_turned,
    case when valid_from is not null then from_precision else to_precision end as precision,
    recorded_on,
    share
from parsed
