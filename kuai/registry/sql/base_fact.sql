-- The base library: what people verified and nobody took back, with what speaks against it beside it.
with behind as (
    select r.fact_key, min(r.valid_from) as valid_from,
           case when count(*) = count(r.valid_to) then max(r.valid_to) end as valid_to,
           min(r.precision) as precision, min(r.mention_key) as mention_key
    from relation as r
    join fact_word as w on w.fact_key = r.fact_key and w.level <> ''
    group by r.fact_key
)
select w.fact_key, w.type, w.from_code, w.to_code, b.valid_from, coalesce(w.ended_on, b.valid_to) as valid_to,
       coalesce(b.precision, 'unknown') as precision, w.level, w.evidence_kind, w.evidence_ref,
       w.verified as decision, w.verified_on, b.mention_key,
       case when x.disputed_by is null then 'verified' else 'disputed' end as status,
       coalesce(x.disputed_by, '') as disputed_by, x.other_fact as contradicting_fact,
       x.other_mention as contradicting_mention, coalesce(k.status, '') as stated_as,
       coalesce(p.purposes, '') as purposes
from fact_word as w
left join behind as b on b.fact_key = w.fact_key
left join fact_dispute as x on x.fact_key = w.fact_key
left join fact_standing as g on g.fact_key = w.fact_key
left join status_rank as k on k.standing = g.standing
left join purpose_mask as p on p.mask = g.mask
where w.level <> ''
