-- One row per address mention: the answer its text got. A mention without text is grade D.
select
    m.mention_key,
    nullif(w.address_code, '') as address_code,
    nullif(w.level, '') as level,
    coalesce(w.grade, 'D') as grade,
    coalesce(w.matched_text, '') as matched_text,
    coalesce(w.explanation, '没有写地址') as explanation,
    coalesce(w.candidates, '') as candidates,
    coalesce(w.unknown_place, '') as unknown_place
from washed_mentions as m
left join washed_texts as w on m.text = w.text
