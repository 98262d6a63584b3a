-- One row a name of two or three characters (four with a double surname): how many known persons bear it, and what
-- its parts are worth elsewhere. `given_elsewhere` leaves the bearers of the name's own surname out, so that a person
-- met twice does not make his own name look common.
with spoken as (
  select name, spelling, case when length(spelling) = 4 then 2 else 1 end as cut
  from person_spelling
  where
    length(spelling) in (2, 3)
    or (length(spelling) = 4 and substr(spelling, 1, 2) in (select surname from double_surname))
),
split as (
  select name, substr(spelling, 1, cut) as surname, substr(spelling, cut + 1) as given from spoken
),
known as (
  select s.name, s.surname, s.given, cast(b.bearers as double) as bearers
  from split as s
  inner join person_common_name as b on b.name = s.name
),
everybody as (
  select
    sum(bearers) as persons,
    sum(case when length(given) = 1 then bearers else 0 end) + 0.5 as short_given,
    sum(case when length(given) > 1 then bearers else 0 end) + 0.5 as long_given
  from known
),
by_surname as (select surname, sum(bearers) as bearers from known group by surname),
by_given as (select given, sum(bearers) as bearers from known group by given),
by_both as (select surname, given, sum(bearers) as bearers from known group by surname, given),
by_first as (select substr(given, 1, 1) as part, sum(bearers) as bearers from known group by substr(given, 1, 1)),
by_rest as (
  select substr(given, 2) as part, sum(bearers) as bearers from known where length(given) > 1 group by substr(given, 2)
)
select
  s.name,
  coalesce(k.bearers, 0) as bearers,
  e.persons,
  (coalesce(u.bearers, 0) + 0.5) / e.persons as surname_share,
  coalesce(g.bearers, 0) - coalesce(b.bearers, 0) as given_elsewhere,
  e.persons - coalesce(u.bearers, 0) as elsewhere,
  (coalesce(f.bearers, 0) + 0.5) / e.persons * case
    when length(s.given) = 1 then e.short_given / e.persons
    else (e.long_given / e.persons) * (coalesce(r.bearers, 0) + 0.5) / e.long_given
  end as composed_share
from split as s
cross join everybody as e
left join known as k on k.name = s.name
left join by_surname as u on u.surname = s.surname
left join by_given as g on g.given = s.given
left join by_both as b on b.surname = s.surname and b.given = s.given
left join by_first as f on f.part = substr(s.given, 1, 1)
left join by_rest as r on r.part = substr(s.given, 2)
where e.persons is not null
