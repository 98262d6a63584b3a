-- What people decided of each fact, under the codes that go on; where the statements it was said of have left their code
-- (a merge was undone, a person split), under the code they are at. A promotion counts step by step: a level whose lower
-- one was not reached before is none, and no type is promoted further than its catalogue says. An end holds until
-- somebody verifies the fact anew; then the steps begin anew.
with said as (
    select d.sequence, d.kind, d.level, d.on_day, d.evidence_kind, d.evidence_ref, d.decided_on,
           split_part(d.subject, '|', 1) as type,
           coalesce(f.now, split_part(d.subject, '|', 2)) as from_code,
           coalesce(t.now, split_part(d.subject, '|', 3)) as to_code
    from decision as d
    left join code_now as f on f.code = split_part(d.subject, '|', 2)
    left join code_now as t on t.code = split_part(d.subject, '|', 3)
    where d.part = 'subject' and d.kind in ('verify', 'object', 'retract', 'end')
      and split_part(d.subject, '|', 3) <> ''
),
-- The rows it was said of that are still there. A place stays the one decided about, whatever the row says now.
followed as (
    select distinct d.sequence, f.code as from_code, coalesce(t.code, d.to_code) as to_code
    from said as d
    join decision as m on m.sequence = d.sequence and m.part = 'mention'
    join row_link as l on l.from_mention = m.subject and l.relation = d.type
    join link as k on k.link_no = l.link_no
    join identified as f on f.mention_no = k.from_no
    left join identified as t on t.mention_no = k.to_no
    left join decision as o on o.sequence = d.sequence and o.part = 'mention' and o.subject = l.to_mention
    where t.code is null or o.subject is not null
),
keyed as (
    select d.sequence, d.kind, d.level, d.on_day, d.evidence_kind, d.evidence_ref, d.decided_on, d.type,
           coalesce(n.from_code, d.from_code) as from_code, coalesce(n.to_code, d.to_code) as to_code
    from said as d
    left join followed as n on n.sequence = d.sequence
),
last_word as (
    select type, from_code, to_code,
           max(case when kind = 'object' then sequence end) as objected,
           max(case when kind = 'retract' then sequence end) as retracted,
           max(case when kind = 'end' then sequence end) as last_end,
           max(case when kind = 'verify' then sequence end) as last_verified
    from keyed
    group by type, from_code, to_code
),
-- The steps that count are those after the newest end before the newest verification.
counting as (
    select w.type, w.from_code, w.to_code, w.objected, w.retracted, w.last_end, w.last_verified,
           coalesce(max(k.sequence), 0) as counts_after
    from last_word as w
    left join keyed as k
        on k.type = w.type and k.from_code = w.from_code and k.to_code = w.to_code
        and k.kind = 'end' and k.sequence < w.last_verified
    group by w.type, w.from_code, w.to_code, w.objected, w.retracted, w.last_end, w.last_verified
),
first_step as (
    select c.type, c.from_code, c.to_code, min(k.sequence) as sequence
    from counting as c
    join keyed as k on k.type = c.type and k.from_code = c.from_code and k.to_code = c.to_code
    where k.kind = 'verify' and k.level = 'community' and k.sequence > c.counts_after
    group by c.type, c.from_code, c.to_code
),
second_step as (
    select c.type, c.from_code, c.to_code, min(k.sequence) as sequence
    from first_step as c
    join keyed as k on k.type = c.type and k.from_code = c.from_code and k.to_code = c.to_code
    where k.kind = 'verify' and k.level = 'subdistrict' and k.sequence > c.sequence
    group by c.type, c.from_code, c.to_code
),
third_step as (
    select c.type, c.from_code, c.to_code, min(k.sequence) as sequence
    from second_step as c
    join keyed as k on k.type = c.type and k.from_code = c.from_code and k.to_code = c.to_code
    where k.kind = 'verify' and k.level = 'department' and k.sequence > c.sequence
    group by c.type, c.from_code, c.to_code
),
reached as (
    select c.type, c.from_code, c.to_code, c.objected, c.retracted,
           case when c.last_verified > c.last_end then null else c.last_end end as ended,
           case
               when c.retracted is not null then ''
               when h.sequence is not null and k.levels >= 3 then 'department'
               when s.sequence is not null and k.levels >= 2 then 'subdistrict'
               when f.sequence is not null and k.levels >= 1 then 'community'
               else ''
           end as level,
           case
               when h.sequence is not null and k.levels >= 3 then h.sequence
               when s.sequence is not null and k.levels >= 2 then s.sequence
               else f.sequence
           end as verified
    from counting as c
    join relation_type as k on k.code = c.type
    left join first_step as f on f.type = c.type and f.from_code = c.from_code and f.to_code = c.to_code
    left join second_step as s on s.type = c.type and s.from_code = c.from_code and s.to_code = c.to_code
    left join third_step as h on h.type = c.type and h.from_code = c.from_code and h.to_code = c.to_code
)
select r.type || '|' || r.from_code || '|' || r.to_code as fact_key,
       r.type, r.from_code, r.to_code, r.objected, r.retracted, r.ended, e.on_day as ended_on, r.level,
       case when r.level <> '' then r.verified end as verified,
       v.decided_on as verified_on, v.evidence_kind, v.evidence_ref
from reached as r
left join keyed as e on e.sequence = r.ended
    and e.type = r.type and e.from_code = r.from_code and e.to_code = r.to_code
left join keyed as v on v.sequence = r.verified and r.level <> ''
    and v.type = r.type and v.from_code = r.from_code and v.to_code = r.to_code
