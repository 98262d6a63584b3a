-- Every person named in a row, one row a role, cleaned; those that turn out to be organisations are marked.
with named as (
    select
        c.row_no,
        c.role,
        c.may_be_organisation,
        case when upper(c.name) in (select word from placeholder_word) then null else nullif(c.name, '') end as name,
        n.number as id_number,
        coalesce(n.id_kind, 'none') as id_kind,
        coalesce(n.id_valid, false) as id_valid,
        n.birth_date as number_birth,
        n.sex as number_sex,
        b.day as declared_birth,
        b.precision as declared_precision,
        s.code as declared_sex,
        p.phone,
        -- One identity number in 341 also passes both checks of a credit code; such a number stays a person's.
        coalesce(k.code_valid and not n.id_valid and (k.code like '9%' or regexp_matches(k.code, '[A-WYZ]')), false) as has_firm_code
    from person_cell as c
    left join number_reading as n on n.raw = c.id_number
    left join credit_reading as k on k.raw = c.id_number
    left join day_reading as b on b.raw = c.birth_date
    left join phone_reading as p on p.raw = c.phone
    left join sex_word as s on s.word = upper(c.sex)
),
judged as (
    select
        *,
        may_be_organisation and (
            has_firm_code
            or length(translate(name, ' ', '')) >= 5
            and regexp_matches(name, '(公司|集团|厂|店|商行|门市部|中心|合作社|事务所|委员会|居委会|村委会|局|研究所|医院|学院|学校|幼儿园|小学|中学|大学|银行|支行|分行|经营部|服务部|办事处|管理处|协会|基金会|工作站|工作室|商会|工会|超市|酒店|合伙[)]|公司[)])$')
        ) as is_organisation,
        declared_birth <= cast($as_of as date) and year(cast($as_of as date)) - year(declared_birth) <= 150 as is_birth_plausible
    from named
)
select
    row_no,
    role,
    name,
    -- For tokens: one person's name is one string, however it is spaced or dotted.
    upper(translate(name, ' ·•・.‧', '')) as name_key,
    id_number,
    id_kind,
    id_valid,
    case
        when is_birth_plausible then declared_birth
        when id_valid then number_birth
    end as birth_date,
    case
        when is_birth_plausible then declared_precision
        when id_valid and number_birth is not null then 'day'
        else 'unknown'
    end as birth_precision,
    coalesce(declared_sex, case when id_valid then number_sex end, '0') as sex,
    phone,
    coalesce(is_organisation, false) as is_organisation
from judged
where name is not null or id_number is not null
