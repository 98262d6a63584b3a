-- The record_key of every row: the source's own key, or the token of the normalised row; rows that say the same
-- are numbered. The order of rows in the file does not matter: equal keys are numbered by the row's own token.
with based as (
    select row_no, row_token, $source || ':' || coalesce(own_plain, own_token, row_token, 'empty') as base_key
    from keyed_row
),
numbered as (
    select
        row_no,
        base_key,
        row_number() over (partition by base_key order by row_token nulls last, row_no) as ordinal
    from based
)
select
    row_no,
    case when ordinal = 1 then base_key else base_key || '~' || cast(ordinal as varchar) end as record_key
from numbered
