-- What each written industry says under the standard in the dictionary: a code with or without its letter, the name of
-- a section or division, or neither: then it is kept as said, without a section. Long numbers are none.
with said as (
    select
        raw,
        upper(trim(raw)) as word,
        regexp_extract(upper(trim(raw)), '^([A-T])[^A-Z]', 1) as letter,
        regexp_extract(upper(trim(raw)), '^[A-T]? ?([0-9]{2,4})', 1) as digits,
        -- Without the letter only a sign may follow the digits: 24 小时便利店 is no division 24.
        regexp_matches(upper(trim(raw)), '^[A-T]? ?[0-9]{2,4}([^0-9A-Z.%一-龥][^0-9]*)?$')
        or regexp_matches(upper(trim(raw)), '^[A-T] ?[0-9]{2,4}[^0-9A-Z][^0-9]*$') as is_code
    from written_industry
),
named as (
    select
        s.raw, s.word, s.letter, s.digits, s.is_code, d.section as division_section,
        coalesce(whole.code, begun.code) as named_code
    from said as s
    left join industry_division as d on d.division = substr(s.digits, 1, 2)
    left join industry_word as whole on whole.word = regexp_replace(s.word, '[^一-龥]|和|及|与', '', 'g')
    left join industry_word as begun
        on begun.word = regexp_replace(regexp_extract(s.word, '^[^-—/>|(（]*', 0), '[^一-龥]|和|及|与', '', 'g')
),
read as (
    select
        raw,
        word,
        case
            when word in (select section from industry_section) then word
            when is_code and division_section is not null and letter in ('', division_section)
                then division_section || digits
            when not is_code and letter in ('', substr(named_code, 1, 1)) then named_code
        end as code
    from named
)
select
    raw,
    case
        when code is not null then code
        when word in (select word from placeholder_word) or regexp_matches(word, '[0-9]{6}') then null
        else substr(trim(raw), 1, 60)
    end as industry,
    substr(code, 1, 1) as section
from read
