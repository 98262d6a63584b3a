-- Rows whose own key names nobody else's row apart: they have none, or share it. Only these need the row's own token.
with claimed as (
    select row_no, coalesce(own_plain, own_token) as claimed_key
    from own_key
),
shared as (
    select claimed_key
    from claimed
    where claimed_key is not null
    group by claimed_key
    having count(*) > 1
)
select row_no
from claimed
where claimed_key is null or claimed_key in (select claimed_key from shared)
