-- Every organisation named in a row, one row a role: from its own columns, or a person column that holds a firm.
with listed as (
    select row_no, role, name, credit_code, kind, state, founded_on, industry
    from organisation_cell
    union all
    select p.row_no, p.role, p.name, p.id_number as credit_code, null as kind, null as state, null as founded_on, null as industry
    from person_reading as p
    where
        p.is_organisation
        and not exists (
            select 1
            from organisation_cell as o
            where o.row_no = p.row_no and o.role = p.role and coalesce(o.name, '') || coalesce(o.credit_code, '') <> ''
        )
),
named as (
    select
        l.row_no,
        l.role,
        case when upper(l.name) in (select word from placeholder_word) then null else nullif(l.name, '') end as name,
        c.code as credit_code,
        coalesce(c.code_valid, false) as credit_code_valid,
        c.kind as code_kind,
        l.kind as written_kind,
        s.code as state,
        d.day as founded_on,
        i.industry,
        i.section as industry_section
    from listed as l
    left join credit_reading as c on c.raw = l.credit_code
    left join state_word as s on s.word = upper(l.state)
    left join day_reading as d on d.raw = l.founded_on
    left join industry_reading as i on i.raw = l.industry
)
select
    row_no,
    role,
    name,
    credit_code,
    credit_code_valid,
    case
        when coalesce(code_kind, 'unknown') <> 'unknown' then code_kind
        when regexp_matches(written_kind, '个体') then 'sole_trader'
        when regexp_matches(written_kind, '合作社') then 'cooperative'
        when regexp_matches(written_kind, '公司|企业|合伙|独资|国有|集体') then 'enterprise'
        when regexp_matches(written_kind, '机关|事业') then 'institution'
        when coalesce(written_kind, '') <> '' then 'other'
        else 'unknown'
    end as kind,
    coalesce(state, 'unknown') as state,
    founded_on,
    industry,
    industry_section
from named
where name is not null or credit_code is not null
