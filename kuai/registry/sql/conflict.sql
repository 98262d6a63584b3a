-- Statements that cannot both be true, both sides kept. Values are not repeated here.
with birth as (
    select i.code, i.mention_no, m.birth_date
    from identified as i
    join numbered_person as m on m.mention_no = i.mention_no
    where i.element = 'person' and m.birth_date is not null and m.birth_precision = 'day'
),
birth_pair as (
    select code, min(birth_date) as birth_date
    from birth
    group by code
    having max(birth_date) > min(birth_date)
),
odd_birth as (
    select b.code, b.birth_date = p.birth_date as is_earliest, m.mention_key
    from birth as b
    join birth_pair as p on p.code = b.code
    join numbered_person as m on m.mention_no = b.mention_no
),
home as (
    -- Because a building and a room in it do not contradict each other, only rooms are compared.
    select distinct address_code from place where level = 'room'
),
living as (
    select r.type, r.from_code, r.to_code, r.fact_key, min(r.mention_key) as mention_key
    from relation as r
    left join home as f on f.address_code = r.from_code
    left join home as t on t.address_code = r.to_code
    join relation_type as k on k.code = r.type
    where r.status not in ('ended', 'withdrawn') and not r.is_contested
      and (k.conflict <> '' or r.type = 'LH_OPERATE')
      and (k.from_element <> 'address' or f.address_code is not null)
      and (k.to_element <> 'address' or t.address_code is not null)
    group by r.type, r.from_code, r.to_code, r.fact_key
),
-- More of one kind at a time than the catalogue allows, seen from either end. Those are few: only they are ranked.
from_crowd as (
    select l.type, l.from_code as code, k.conflict, k.conflict_zh, k.most_at_once as most
    from living as l
    join relation_type as k on k.code = l.type and k.conflict <> '' and k.most_at_once is not null
    group by l.type, l.from_code, k.conflict, k.conflict_zh, k.most_at_once
    having count(*) > k.most_at_once
),
to_crowd as (
    select l.type, l.to_code as code, k.conflict, k.conflict_zh, k.to_at_most as most
    from living as l
    join relation_type as k on k.code = l.type and k.conflict <> '' and k.to_at_most is not null
    group by l.type, l.to_code, k.conflict, k.conflict_zh, k.to_at_most
    having count(*) > k.to_at_most
),
ranked as (
    select c.type, c.code, l.mention_key, l.fact_key, c.conflict, c.conflict_zh, c.most,
           row_number() over (partition by c.type, c.code order by l.mention_key, l.fact_key) as place
    from from_crowd as c
    join living as l on l.type = c.type and l.from_code = c.code
    union all
    select c.type, c.code, l.mention_key, l.fact_key, c.conflict, c.conflict_zh, c.most,
           row_number() over (partition by c.type, c.code order by l.mention_key, l.fact_key)
    from to_crowd as c
    join living as l on l.type = c.type and l.to_code = c.code
),
operating as (
    select r.from_code, r.mention_key as left_mention, r.fact_key as left_fact,
           o.mention_key as right_mention, o.fact_key as right_fact,
           row_number() over (partition by r.from_code order by r.mention_key, o.mention_key, o.fact_key) as place
    from living as r
    join living as o on o.from_code = r.from_code and o.type = 'LH_OPERATE'
    where r.type = 'LH_REGISTERED' and r.to_code <> o.to_code
),
-- Named after the day on which it ended: not ended by it, and shown.
after_end as (
    select e.code, r.mention_key, r.fact_key,
           row_number() over (partition by e.code order by r.mention_key, r.fact_key) as place
    from element_end as e
    join (
        select from_code as code, type, mention_key, fact_key, status, is_contested from relation
        union all
        select to_code, type, mention_key, fact_key, status, is_contested from relation
    ) as r on r.code = e.code
    join relation_type as k on k.code = r.type
    where r.status not in ('ended', 'withdrawn') and not r.is_contested
      and k.from_element <> 'event' and k.to_element <> 'event'
),
stated as (
    select 'two_birth_dates' as kind, f.code as element_code, f.mention_key as left_mention,
           s.mention_key as right_mention, '' as left_fact, '' as right_fact, '两处登记的出生日期不同' as explanation
    from (select code, min(mention_key) as mention_key from odd_birth where is_earliest group by code) as f
    join (select code, min(mention_key) as mention_key from odd_birth where not is_earliest group by code) as s
        on s.code = f.code
    union all
    select f.conflict, f.code, f.mention_key, s.mention_key, f.fact_key, s.fact_key, f.conflict_zh
    from ranked as f
    join ranked as s
        on s.type = f.type and s.code = f.code and s.conflict = f.conflict and s.place = s.most + 1
    where f.place = 1
    union all
    select 'registered_operating_differ', from_code, left_mention, right_mention, left_fact, right_fact,
           '注册住所与经营场所不一致'
    from operating
    where place = 1
    union all
    select 'said_after_end', code, mention_key, mention_key, fact_key, fact_key, '对象已经终止，之后仍有登记'
    from after_end
    where place = 1
)
select row_number() over (order by kind, element_code, left_mention, right_mention) as conflict_no,
       kind, element_code, left_mention, right_mention, left_fact, right_fact, explanation
from stated
