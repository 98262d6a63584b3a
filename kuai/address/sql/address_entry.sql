-- One row per entry of the delivered library. Coordinates are CGCS2000, as the delivery declares.
select
    address_code,
    level,
    nullif(parent_code, '') as parent_code,
    name,
    standard_text,
    longitude,
    latitude,
    nullif("use", '') as "use",
    state
from delivered_library
