-- Rooms that carry more names than a home: dormitories and rooms stated for a whole building.
select room_code
from person_shape
where room_code is not null
group by room_code
having count(distinct name) > $room_names_max
