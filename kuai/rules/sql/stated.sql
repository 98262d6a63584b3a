-- Facts a rule may rest on: asserted or verified, nobody objects, of sources that permit the purpose; each once, as the
-- best of its statements says it (by type, so that who asks for one type makes it of that type alone). Lettings on file stay after their last day: that they ended is
-- what is asked about. So do the seat and the staff of a firm that ended, which its own end closed and nobody's row did.
select r.type, r.from_code, r.to_code, r.fact_key, r.valid_from, r.valid_to, r.mention_key, r.confidence,
       case when r.status = 'ended' then case when r.level = '' then 'asserted' else 'verified' end else r.status end
           as status,
       r.status <> 'ended' as is_open
from relation as r
join permitted_source as s on s.source = r.source
where (r.status in ('asserted', 'verified')
       or (r.status = 'ended' and r.ended_by = 'declared' and r.type in ('PH_RENT', 'PH_LET'))
       or (r.status = 'ended' and r.ended_by = 'life_cycle' and r.type in ('LH_REGISTERED', 'PL_EMPLOY')))
  and not coalesce(r.is_contested, false)
  and r.fact_key not in (select fact_key from out_of_use)
  -- A letting on file of somebody gone is still one: without it the home would seem let without.
  and (r.type in ('PH_RENT', 'PH_LET') or r.from_code not in (select code from person_gone))
qualify row_number() over (
    partition by r.type, r.from_code, r.to_code, r.valid_from, r.valid_to
    order by r.status desc, r.confidence desc, r.mention_key
) = 1
