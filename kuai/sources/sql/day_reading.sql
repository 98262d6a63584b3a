-- One row for each way a day is written: 19560522, 2021/5/1, 2026-11-08, 2025年5月5日, 1956.05.22, with or without
-- time of day; months 201511, 2015年11月; years. A month or year is its first day. Unreadable: day is null.
with cut as (
    select
        raw,
        regexp_extract(raw, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})(日|号)?([ T].*|[0-9]{1,2}[:时].*)?$', 1) as year_signs,
        regexp_extract(raw, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})(日|号)?([ T].*|[0-9]{1,2}[:时].*)?$', 2) as month_signs,
        regexp_extract(raw, '^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})(日|号)?([ T].*|[0-9]{1,2}[:时].*)?$', 3) as day_signs,
        regexp_extract(raw, '^([0-9]{8})([0-9]{4}|[0-9]{6}|[ T].*|[.]0)?$', 1) as day_run,
        regexp_extract(raw, '^([0-9]{4})[-/.年]?([0-9]{1,2})月?([.]0)?$', 1) as month_year,
        regexp_extract(raw, '^([0-9]{4})[-/.年]?([0-9]{1,2})月?([.]0)?$', 2) as month_month,
        regexp_extract(raw, '^([0-9]{4})年?([.]0)?$', 1) as year_run
    from written_day
),
spelt as (
    select
        raw,
        case
            when year_signs <> '' then year_signs || '-' || lpad(month_signs, 2, '0') || '-' || lpad(day_signs, 2, '0')
            when day_run <> '' then substr(day_run, 1, 4) || '-' || substr(day_run, 5, 2) || '-' || substr(day_run, 7, 2)
            when year_run <> '' then year_run || '-01-01'
            -- Because five digits are a spreadsheet's day number, not a month.
            when regexp_matches(raw, '^[0-9]{5}([.]0)?$') then null
            when month_year <> '' then month_year || '-' || lpad(month_month, 2, '0') || '-01'
        end as iso,
        case
            when year_signs <> '' or day_run <> '' then 'day'
            when year_run <> '' then 'year'
            when month_year <> '' then 'month'
        end as spelt_precision
    from cut
),
dated as (
    select raw, spelt_precision, try_cast(iso as date) as written_day
    from spelt
)
select
    raw,
    -- Because 9999-12-31 and 1900-01-01's neighbours before 1850 are ways to say nothing.
    case when year(written_day) between 1850 and 2199 then written_day end as day,
    case when year(written_day) between 1850 and 2199 then spelt_precision else 'unknown' end as precision
from dated
