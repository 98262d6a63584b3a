-- What a counter may count: facts that hold and that nobody disputes. Sources by number, because millions carry them.
select r.type, r.from_code, r.to_code, r.status = 'verified' as is_verified, s.source_no, r.recorded_on, r.valid_from
from relation as r
join source_number as s on s.source = r.source
where r.status in ('asserted', 'verified') and not coalesce(r.is_contested, false)
  and r.type in ('PH_RESIDE', 'PH_RENT', 'PH_OWN', 'PL_EMPLOY', 'LH_REGISTERED', 'LH_OPERATE', 'HE_OCCUR', 'HT_UTILITY')
