-- The row's only or first place: that of mentions to which the row links none.
select line_no, min(rank) as rank
from place
group by line_no
