-- Mentions that a living decision stands behind: it names them as the same or as rightly odd, or it verified what
-- their row states.
with fact as (
    select split_part(d.subject, '|', 1) as type,
           coalesce(f.living_code, split_part(d.subject, '|', 2)) as from_code,
           coalesce(t.living_code, split_part(d.subject, '|', 3)) as to_code
    from decision as d
    left join gone_before as f on f.code = split_part(d.subject, '|', 2)
    left join gone_before as t on t.code = split_part(d.subject, '|', 3)
    where d.kind = 'verify' and d.part = 'subject'
),
stated as (
    select l.from_mention, l.to_mention, f.to_code
    from fact as f
    join past_home as h on h.last_code = f.from_code
    join row_link as l on l.from_mention = h.mention_key and l.relation = f.type
),
standing as (
    select s.from_mention, s.to_mention
    from stated as s
    join address_wash as w on w.mention_key = s.to_mention and w.address_code = s.to_code
    union all
    select s.from_mention, s.to_mention
    from stated as s
    join past_home as h on h.mention_key = s.to_mention and h.last_code = s.to_code
)
select subject as mention_key
from decision
where (kind = 'same' and part = 'subject') or (kind = 'confirm' and part = 'mention')
union
select from_mention from standing
union
select to_mention from standing
