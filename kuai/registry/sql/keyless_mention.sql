-- Namings by which nobody can be told again: no number, phone or birth date, no sure place and no employer in the row;
-- of an organisation neither a valid credit code nor a name. They are kept, each by itself.
select p.mention_key, p.source, p.period, p.row_no, 'person' as element, p.role, p.name_token is not null as has_name
from person_mention as p
left join (
    select distinct a.record_key
    from address_mention as a
    join address_wash as w on w.mention_key = a.mention_key
    where w.grade in ('A', 'B') and w.level in ('room', 'building')
) as placed on placed.record_key = p.record_key
left join (
    select distinct record_key from organisation_mention where name <> ''
) as employed on employed.record_key = p.record_key
where p.id_token is null and p.phone_token is null and p.birth_date is null
  and placed.record_key is null and employed.record_key is null
union all
select mention_key, source, period, row_no, 'organisation', role, false
from organisation_mention
where not coalesce(credit_code_valid, false) and coalesce(name, '') = ''
