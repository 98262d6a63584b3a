-- How many mentions a building holds: among so many, a namesake may be.
select building_code, count(*) as mentions
from person_shape
where building_code is not null
group by building_code
