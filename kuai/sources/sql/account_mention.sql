-- Contact points, as tokens, for rows that are kept.
select
    k.record_key || '#' || a.role as mention_key,
    k.record_key,
    $source as source,
    $period as period,
    a.row_no,
    a.role,
    a.kind,
    a.account_token
from account_token as a
inner join row_key as k on k.row_no = a.row_no
where a.row_no not in (select row_no from map_quarantine)
