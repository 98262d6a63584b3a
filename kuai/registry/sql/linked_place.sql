-- The place that a row links to a mention: the best of them.
select l.from_no as mention_no, min(p.rank) as rank
from link as l
join place as p on p.mention_no = l.to_no
group by l.from_no
