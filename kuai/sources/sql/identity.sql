-- The raw identifying values of the persons named, for the vault alone.
select
    k.record_key || '#' || p.role as mention_key,
    p.row_no,
    p.name,
    p.id_number,
    p.phone
from person_token as p
inner join row_key as k on k.row_no = p.row_no
