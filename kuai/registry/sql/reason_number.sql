-- Why mentions were put together, numbered: a few dozen sentences, said of millions.
select reason, row_number() over (order by reason) as reason_no
from (
    select reason from person_link
    union
    select reason from organisation_link
    union
    select '本行即事件'
    union
    select '号码相同'
) as told
