-- What this build does to codes beyond plain births: merged, split (born by being cut from another), restored; with the
-- decision behind it, where there is one (for a merge that was taken back: the decision withdrawn since).
with changed as (
    select c.code, h.element, h.serial, h.cluster_key, c.merged_into, coalesce(g.living_code, c.code) as before_code
    from code_change as c
    join code_home as h on h.code = c.code
    left join gone_before as g on g.code = c.code
),
merging as (
    select c.code, max(p.sequence) as decision
    from changed as c
    join decided_mention as p
        on p.kind = 'same' and p.element = c.element and p.cluster_key = c.cluster_key and p.home_code = c.code
    join decided_mention as q
        on q.sequence = p.sequence and q.element = p.element and q.cluster_key = p.cluster_key
        and coalesce(q.home_code, '') <> c.code
    where c.merged_into is not null
    group by c.code
),
parted as (
    select code, element, cluster_key from changed where merged_into is null
    union all
    select b.code, b.element, c.cluster_key
    from coded_birth as b
    join cluster as c on c.element = b.element and c.cluster_no = b.cluster_no
    where b.split_from is not null
),
parting as (
    select c.code, max(p.sequence) as decision
    from parted as c
    join decided_mention as p
        on p.kind in ('different', 'split') and p.element = c.element and p.cluster_key = c.cluster_key
    join decided_mention as q
        on q.sequence = p.sequence and q.element = p.element and q.side <> p.side
        and q.cluster_key <> p.cluster_key and q.last_code = p.last_code
    group by c.code
),
taken_back as (
    select c.code, e.decision,
           row_number() over (partition by c.code order by e.event_no desc) as place
    from changed as c
    join previous_event as e on e.code = c.code and e.event = 'merged'
    where c.merged_into is null
),
withdrawn as (
    select t.code, t.decision
    from taken_back as t
    left join decision as d on d.sequence = t.decision
    where t.place = 1 and t.decision is not null and d.sequence is null
)
select c.element, c.serial, c.code, 'merged' as event, c.merged_into as other_code, m.decision,
       case when m.decision is null then '本次建库判定为同一对象' else '人工认定为同一对象' end as reason
from changed as c
left join merging as m on m.code = c.code
where c.merged_into is not null
union all
select c.element, c.serial, c.code, 'restored', c.before_code, coalesce(p.decision, w.decision),
       case
           when p.decision is not null then '人工认定为不同对象，恢复原代码'
           when w.decision is not null then '原认定已撤回，恢复原代码'
           else '不再判定为同一对象，恢复原代码'
       end
from changed as c
left join parting as p on p.code = c.code
left join withdrawn as w on w.code = c.code
where c.merged_into is null
union all
select b.element, b.serial, b.code, 'split', b.split_from, p.decision,
       case when p.decision is null then '从原代码中分出' else '人工认定为不同对象，从原代码中分出' end
from coded_birth as b
left join parting as p on p.code = b.code
where b.split_from is not null
