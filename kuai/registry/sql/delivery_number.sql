-- The deliveries of the build, numbered in their order: with row and role they number every mention (see `numbered`).
select source, period, row_number() over (order by source, period) as delivery_no
from (
    select source, period from person_mention
    union
    select source, period from organisation_mention
    union
    select source, period from event_mention
    union
    select source, period from account_mention
    union
    select source, period from address_mention
) as delivered
