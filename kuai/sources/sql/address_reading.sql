-- Every written place of a row, as written; placeholders and single signs are no place.
select row_no, role, text, is_sentence
from address_cell
where length(text) >= 2 and upper(text) not in (select word from placeholder_word)
