-- One place a person, so that places add up: the verified word before others, then the latest.
select type, from_code as person_code, to_code as place_code, is_verified, source_no
from holding
where type in ('PH_RESIDE', 'PH_RENT')
qualify row_number() over (
    partition by type, from_code
    order by is_verified desc, recorded_on desc nulls last, valid_from desc nulls last, to_code, source_no
) = 1
