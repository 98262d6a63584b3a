-- The roles of mentions in their rows, numbered in the order of their words.
select role, row_number() over (order by role) as role_no
from (
    select role from person_mention
    union
    select role from organisation_mention
    union
    select role from event_mention
    union
    select role from account_mention
    union
    select role from address_mention
) as played
