-- Of the births written in a delivery: the next one that lies after $as_of, and the eldest that is still believed then.
-- While no day passes the one and the other stays within 150 years, every row reads as it does on $as_of.
select
    min(case when day > cast($as_of as date) then day end) as next_birth,
    min(case
        when day <= cast($as_of as date) and year(cast($as_of as date)) - year(day) <= 150 then day
    end) as eldest
from (
    select written_birth as day from number_reading
    union all
    select b.day
    from day_reading as b
    inner join (select distinct birth_date from person_cell) as c on c.birth_date = b.raw
) as written
