-- One row per delivered row: its texts as values, beside what the record knows of its code.
-- What cannot be read is null here and named in library_fault.
select
    d.row_no,
    d.address_code,
    w.level,
    w.depth,
    w.digits,
    w.own_digits,
    d.level_word,
    nullif(d.parent_code, '') as parent_code,
    d.name,
    d.standard_text,
    d.longitude as longitude_text,
    d.latitude as latitude_text,
    try_cast(nullif(d.longitude, '') as double) as longitude,
    try_cast(nullif(d.latitude, '') as double) as latitude,
    nullif(d."use", '') as "use",
    d.state_word,
    s.state,
    k.level as known_level,
    k.parent_code as known_parent_code,
    k.name as known_name,
    k.standard_text as known_standard_text,
    k.longitude as known_longitude,
    k.latitude as known_latitude,
    k."use" as known_use,
    k.state as known_state
from delivered_row as d
left join level_word as w on d.level_word = w.word
left join state_word as s on d.state_word = s.word
left join known_entry as k on d.address_code = k.address_code
