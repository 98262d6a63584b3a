-- Birth date and sex of a person: a valid number's word counts before a declared one, then the commoner value. What was
-- found never to have been true is unknown until that is taken back; whether somebody is a child the rows alone say.
with said as (
    select i.cluster_no, m.birth_date, m.birth_precision, m.sex, m.id_valid, m.is_child_under_14
    from identified as i
    join numbered_person as m on m.mention_no = i.mention_no
    where i.element = 'person'
),
birth as (
    select cluster_no, birth_date, birth_precision,
           row_number() over (
               partition by cluster_no
               order by max(cast(id_valid as integer)) desc, count(*) desc, birth_precision, birth_date
           ) as place
    from said
    where birth_date is not null
    group by cluster_no, birth_date, birth_precision
),
sex as (
    select cluster_no, sex,
           row_number() over (
               partition by cluster_no order by max(cast(id_valid as integer)) desc, count(*) desc, sex
           ) as place
    from said
    where sex in ('1', '2')
    group by cluster_no, sex
)
select row_number() over (order by k.serial) as person_no,
       k.code as person_code, k.founding_mention,
       case when o.birth_date = 2 then null else b.birth_date end as birth_date,
       case when o.birth_date = 2 then 'unknown' else coalesce(b.birth_precision, 'unknown') end as birth_precision,
       case when o.sex = 2 then '0' else coalesce(s.sex, '0') end as sex,
       -- The latest day the birth can mean, as in the mentions: in doubt the person is a child.
       coalesce(
           case b.birth_precision
               when 'year' then b.birth_date + interval 1 year
               when 'month' then b.birth_date + interval 1 month
               else b.birth_date + interval 1 day
           end > cast($as_of as date) - interval 14 year + interval 1 day,
           false
       )
       -- Or any row of them says so: whoever is held together with a child by mistake is read as one.
       or coalesce(y.says_child, false) as is_child_under_14,
       k.mentions, k.quarantined = 1 as quarantined,
       case
           when o.birth_date = 1 and o.sex = 1 then 'birth_date,sex'
           when o.birth_date = 1 then 'birth_date'
           when o.sex = 1 then 'sex'
           else ''
       end as contested,
       case when o.birth_date = 1 or o.sex = 1 then 'disputed' else 'asserted' end as status,
       coalesce(p.purposes, '') as purposes
from all_code as k
left join (
    select cluster_no, bool_or(is_child_under_14) as says_child from said group by cluster_no
) as y on y.cluster_no = k.cluster_no
left join birth as b on b.cluster_no = k.cluster_no and b.place = 1
left join sex as s on s.cluster_no = k.cluster_no and s.place = 1
left join contested_attribute as o on o.person_code = k.code
left join element_standing as e on e.code = k.code
left join purpose_mask as p on p.mask = e.mask
where k.element = 'person'
