"""No identity number in the repository can belong to anybody: divisions 440380-440399 are issued to nobody."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

import pytest

from kuai.kit.identity_numbers import check_character, read_identity_number
from tests.house.tracked_files import tracked_texts

# Printed in the standards themselves or made up for their test vectors (design 4-standards 1.2-1.4, Appendix A).
PUBLISHED = frozenset(
    {
        "11010519491231002X", "440524188001010014", "440300199003071234", "810000199001010019",
        "820000199001010010", "830000199001010012", "911840198001010013",
    }
)  # fmt: skip
INVENTED_DIVISION = re.compile(r"^4403[89][0-9]")
CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z])[0-9]{6}[ -]?[0-9]{8}[ -]?[0-9]{3}[ -]?[0-9Xx](?![0-9A-Za-z])"
)
# Only to tell birth dates of the future and of people long dead.
ANY_DAY_OF_OURS = date(2030, 1, 1)


def foreign_numbers_in(text: str) -> list[str]:
    """Where valid numbers stand that somebody might bear (the numbers themselves are not repeated)."""
    found = []
    for match in CANDIDATE.finditer(unicodedata.normalize("NFKC", text)):
        number = re.sub("[ -]", "", match.group()).upper()
        if number in PUBLISHED or INVENTED_DIVISION.match(number):
            continue
        read = read_identity_number(number, as_of=ANY_DAY_OF_OURS)
        if read.is_valid:
            found.append(f"{number[:6]}… at character {match.start()}")
    return found


def test_no_committed_text_holds_a_number_somebody_might_bear() -> None:
    found = {name: foreign_numbers_in(text) for name, text in tracked_texts()}
    assert {name: places for name, places in found.items() if places} == {}


@pytest.mark.parametrize("written", ["{}", "身份证{}。", '"{}",', "{}\n"])
def test_a_number_of_a_real_division_is_seen(written: str) -> None:
    # Put together here, so that this file does not hold a number of a real division.
    first_17 = "4403" + "01" + "19900307" + "123"
    number = first_17 + check_character(first_17)
    for form in (number, f"{number[:6]} {number[6:14]} {number[14:]}", in_full_width(number)):
        assert foreign_numbers_in(written.format(form)), form


def in_full_width(digits: str) -> str:
    return "".join(chr(ord(digit) + 0xFEE0) for digit in digits)


def test_invented_and_published_numbers_are_left_alone() -> None:
    assert not foreign_numbers_in("11010519491231002X 440381199003071230 123456789012345678")
