-- Rooms that carry more names than a home: dormitories and rooms stated for a whole building.
select room_code
from (select room_code, name from person_shape where room_code is not null and name is not null group by room_code, name)
group by room_code
having count(*) > $room_names_max
