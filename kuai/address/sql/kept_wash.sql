-- The answers of the build before to mentions that say what they said then: nobody need read them again.
select
    w.mention_key,
    w.address_code,
    w.level,
    w.grade,
    w.matched_text,
    w.explanation,
    w.candidates,
    w.unknown_place
from every_mention as m
inner join earlier_mention as e on e.mention_key = m.mention_key and e.text = m.text
inner join earlier_wash as w on w.mention_key = m.mention_key
