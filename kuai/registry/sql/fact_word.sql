-- What people decided of each fact, under the codes that go on. A promotion counts step by step: a level whose lower
-- one was not reached before is none, and no type is promoted further than its catalogue says. An end holds until
-- somebody verifies the fact anew; then the steps begin anew.
with keyed as (
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
last_word as (
    select type, from_code, to_code,
           max(case when kind = 'object' then sequence end) as objected,
           max(case when kind = 'retract' then sequence end) as retracted,
           max(case when kind = 'end' then sequence end) as last_end,
           max(case when kind = 'verify' then sequence end) as last_verified
    from keyed
    group by type, from_code, to_code
),
counting as (
    select *, case when last_verified > last_end then last_end else 0 end as counts_after from last_word
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
