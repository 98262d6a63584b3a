-- Statements that cannot both be true, both sides kept. Values are not repeated here.
with birth as (
    select i.code, m.mention_key, m.birth_date
    from identified as i
    join person_mention as m on m.mention_key = i.mention_key
    where i.element = 'person' and m.birth_date is not null and m.birth_precision = 'day'
),
birth_pair as (
    select code, min(mention_key) as left_mention, min(birth_date) as birth_date
    from birth
    group by code
    having count(distinct birth_date) > 1
),
living as (
    select from_code, to_code, min(mention_key) as mention_key
    from relation
    -- Because a building and a room in it do not contradict each other, only rooms are compared.
    join (select distinct address_code from place where level = 'room') as home on home.address_code = to_code
    where type = 'PH_RESIDE' and status <> 'ended'
    group by from_code, to_code
),
operating as (
    select r.from_code, r.mention_key as left_mention, o.mention_key as right_mention
    from relation as r
    join relation as o on o.from_code = r.from_code and o.type = 'LH_OPERATE' and o.status <> 'ended'
    -- Only rooms here too.
    join (select distinct address_code from place where level = 'room') as home on home.address_code = r.to_code
    join (select distinct address_code from place where level = 'room') as shop on shop.address_code = o.to_code
    where r.type = 'LH_REGISTERED' and r.status <> 'ended' and r.to_code <> o.to_code
),
stated as (
    select 'two_birth_dates' as kind, f.code as element_code, f.mention_key as left_mention,
           s.mention_key as right_mention, '两处登记的出生日期不同' as explanation
    from (
        select b.code, b.mention_key,
               row_number() over (partition by b.code order by b.mention_key) as place
        from birth as b join birth_pair as p on p.code = b.code and p.birth_date = b.birth_date
    ) as f
    join (
        select b.code, b.mention_key,
               row_number() over (partition by b.code order by b.mention_key) as place
        from birth as b join birth_pair as p on p.code = b.code and p.birth_date <> b.birth_date
    ) as s on s.code = f.code and f.place = 1 and s.place = 1
    union all
    select 'two_residences', from_code, min(mention_key), max(mention_key), '同时登记在两处居住'
    from living
    group by from_code
    having count(*) > 1
    union all
    select 'registered_operating_differ', from_code, min(left_mention), min(right_mention), '注册住所与经营场所不一致'
    from operating
    group by from_code
)
select row_number() over (order by kind, element_code, left_mention, right_mention) as conflict_no,
       kind, element_code, left_mention, right_mention, explanation
from stated
