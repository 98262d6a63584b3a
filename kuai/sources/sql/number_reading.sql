-- What each written identity number says, judged on $as_of: the rules of kuai/kit/identity_numbers.py (GB 11643,
-- MOD 11-2) in SQL; a property test holds the two together. Placeholders say nothing: number null, kind none.
with folded as (
    select
        raw,
        upper(translate(raw, chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(133) || chr(5760) || chr(8203) || chr(8232) || chr(8233) || chr(65279) || ' -—–_·.''’`', '')) as code
    from written_number
),
told as (
    select
        raw,
        case
            when code = '' or raw = '' then null
            when upper(raw) in (select word from placeholder_word) or code in (select word from placeholder_word) then null
            when replace(substr(code, 1, 17), substr(code, 1, 1), '') = '' then null
            when strpos('12345678901234567890', substr(code, 1, 17)) > 0 then null
            when strpos('98765432109876543210', substr(code, 1, 17)) > 0 then null
            else code
        end as number
    from folded
),
shaped as (
    select
        raw,
        number,
        coalesce(regexp_matches(number, '^[1-9][0-9]{14}$'), false) as is_legacy,
        case
            when regexp_matches(number, '^[1-9][0-9]{14}$') then substr(number, 1, 6) || '19' || substr(number, 7, 9)
            when regexp_matches(number, '^[0-9]{17}[0-9X]$') then substr(number, 1, 17)
        end as first_17
    from told
),
summed as (
    select
        *,
        substr('10X98765432', 1 + (
            (ascii(substr(first_17, 1, 1)) - 48) * 7
            + (ascii(substr(first_17, 2, 1)) - 48) * 9
            + (ascii(substr(first_17, 3, 1)) - 48) * 10
            + (ascii(substr(first_17, 4, 1)) - 48) * 5
            + (ascii(substr(first_17, 5, 1)) - 48) * 8
            + (ascii(substr(first_17, 6, 1)) - 48) * 4
            + (ascii(substr(first_17, 7, 1)) - 48) * 2
            + (ascii(substr(first_17, 8, 1)) - 48) * 1
            + (ascii(substr(first_17, 9, 1)) - 48) * 6
            + (ascii(substr(first_17, 10, 1)) - 48) * 3
            + (ascii(substr(first_17, 11, 1)) - 48) * 7
            + (ascii(substr(first_17, 12, 1)) - 48) * 9
            + (ascii(substr(first_17, 13, 1)) - 48) * 10
            + (ascii(substr(first_17, 14, 1)) - 48) * 5
            + (ascii(substr(first_17, 15, 1)) - 48) * 8
            + (ascii(substr(first_17, 16, 1)) - 48) * 4
            + (ascii(substr(first_17, 17, 1)) - 48) * 2
        ) % 11, 1) as check_character,
        try_cast(substr(first_17, 7, 4) || '-' || substr(first_17, 11, 2) || '-' || substr(first_17, 13, 2) as date) as written_birth
    from shaped
),
judged as (
    select
        *,
        case
            when first_17 is null then null
            when substr(first_17, 1, 6) in ('810000', '820000', '830000') then 'hk_macau_taiwan'
            when substr(first_17, 1, 1) = '9' then 'foreign'
            when substr(first_17, 1, 1) in ('1', '2', '3', '4', '5', '6', '7') then 'resident'
            else 'other'
        end as kind_of_18,
        is_legacy or substr(number, 18, 1) = check_character as is_check_right,
        -- Because the upgraded form of a first-generation number can itself be a run of digits.
        replace(first_17, substr(first_17, 1, 1), '') = ''
            or strpos('12345678901234567890', first_17) > 0
            or strpos('98765432109876543210', first_17) > 0 as is_run,
        case
            when substr(first_17, 7, 4) <> '0000'
                and written_birth <= cast($as_of as date)
                and year(cast($as_of as date)) - year(written_birth) <= 150 then written_birth
        end as birth_date
    from summed
)
select
    raw,
    number,
    case
        when number is null then 'none'
        when is_legacy then 'legacy15'
        when kind_of_18 is not null then kind_of_18
        when regexp_matches(number, '^[A-Z]{3}[0-9]{12}$') then 'foreign'
        else 'other'
    end as id_kind,
    coalesce(is_check_right and birth_date is not null and kind_of_18 <> 'other' and not is_run, false) as id_valid,
    birth_date,
    -- Whether believed or not: a later day may judge it otherwise.
    case when substr(first_17, 7, 4) <> '0000' then written_birth end as written_birth,
    case
        when first_17 is null then '0'
        when (ascii(substr(first_17, 17, 1)) - 48) % 2 = 1 then '1'
        else '2'
    end as sex
from judged
