-- What each written credit code says: the rules of kuai/kit/credit_codes.py (GB 32100 with the GB 11714 check
-- inside) in SQL; a property test holds the two together.
with folded as (
    select
        raw,
        nullif(upper(translate(raw, chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(28) || chr(29) || chr(30) || chr(31) || chr(133) || chr(5760) || chr(8203) || chr(8232) || chr(8233) || chr(65279) || ' -—–_·.''’`', '')), '') as code
    from written_code
),
shaped as (
    select
        raw,
        case when code in (select word from placeholder_word) then null else code end as code,
        case when regexp_matches(code, '^[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$') then code end as shaped_code
    from folded
),
summed as (
    select
        *,
        (
            (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 1, 1)) - 1) * 1
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 2, 1)) - 1) * 3
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 3, 1)) - 1) * 9
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 4, 1)) - 1) * 27
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 5, 1)) - 1) * 19
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 6, 1)) - 1) * 26
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 7, 1)) - 1) * 16
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 8, 1)) - 1) * 17
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 9, 1)) - 1) * 20
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 10, 1)) - 1) * 29
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 11, 1)) - 1) * 25
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 12, 1)) - 1) * 13
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 13, 1)) - 1) * 8
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 14, 1)) - 1) * 24
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 15, 1)) - 1) * 10
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 16, 1)) - 1) * 30
            + (strpos('0123456789ABCDEFGHJKLMNPQRTUWXY', substr(shaped_code, 17, 1)) - 1) * 28
        ) % 31 as credit_rest,
        11 - (
            (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 9, 1)) - 1) * 3
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 10, 1)) - 1) * 7
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 11, 1)) - 1) * 9
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 12, 1)) - 1) * 10
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 13, 1)) - 1) * 5
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 14, 1)) - 1) * 8
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 15, 1)) - 1) * 4
            + (strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', substr(shaped_code, 16, 1)) - 1) * 2
        ) % 11 as organisation_check
    from shaped
)
select
    raw,
    code,
    shaped_code is not null as is_shaped,
    coalesce(
        substr(shaped_code, 18, 1) = substr('0123456789ABCDEFGHJKLMNPQRTUWXY', 1 + (31 - credit_rest) % 31, 1)
        and substr(shaped_code, 17, 1) = case
            when organisation_check = 10 then 'X'
            when organisation_check = 11 then '0'
            else cast(organisation_check as varchar)
        end,
        false
    ) as code_valid,
    case
        when substr(shaped_code, 1, 2) = '91' then 'enterprise'
        when substr(shaped_code, 1, 2) = '92' then 'sole_trader'
        when substr(shaped_code, 1, 2) = '93' then 'cooperative'
        when substr(shaped_code, 1, 1) in ('1', 'A') then 'institution'
        when substr(shaped_code, 1, 1) in ('2', '3', '4', '5', '6', '7', '8', 'N', 'Y') then 'other'
        else 'unknown'
    end as kind
from summed
