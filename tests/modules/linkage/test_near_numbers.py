"""One typing slip, and names that are near: against slow and plain definitions."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.kit.engine import open_engine
from kuai.kit.identity_numbers import read_identity_number
from kuai.linkage.engine.names import (
    SIMPLIFIED,
    TRADITIONAL,
    NameLikeness,
    compare_names,
    sound_keys,
)
from kuai.linkage.engine.near_numbers import is_one_slip
from tests.modules.linkage.builders import a_row, an_id_number, link_rows

NUMBERS = st.text("0123456789X", min_size=17, max_size=18)


def slips_of(number: str) -> set[str]:
    changed = {number[:i] + c + number[i + 1 :] for i in range(len(number)) for c in "0123456789X"}
    swapped = {
        number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(len(number) - 1)
    }
    shorter = {number[:i] + number[i + 1 :] for i in range(len(number))}
    longer = {number[:i] + c + number[i:] for i in range(len(number) + 1) for c in "0123456789X"}
    return (changed | swapped | shorter | longer) - {number}


@given(NUMBERS)
def test_every_slip_is_known_as_one(number: str) -> None:
    written = sorted(slips_of(number))
    assert is_one_slip(written, [number] * len(written)).all()


@given(NUMBERS, NUMBERS)
def test_nothing_else_is(number: str, other: str) -> None:
    assert is_one_slip([other], [number])[0] == (other in slips_of(number))


@pytest.mark.parametrize(
    ("left", "right", "likeness"),
    [
        ("王晓明", "王晓明", NameLikeness.SAME),
        ("王晓明", "王小明", NameLikeness.SOUNDS_SAME),
        ("王䶮明", "王?明", NameLikeness.SOUNDS_SAME),
        ("王晓明", "王晓刚", NameLikeness.ONE_CHARACTER),
        ("王明", "李明", NameLikeness.ONE_CHARACTER),
        ("王晓明", "王明", NameLikeness.DIFFERENT),
        ("王晓明", "李芳", NameLikeness.DIFFERENT),
        ("王晓明", "李大刚", NameLikeness.DIFFERENT),
    ],
)
def test_how_near_two_names_are(left: str, right: str, likeness: NameLikeness) -> None:
    assert compare_names([left], [right])[0] == likeness
    assert compare_names([right], [left])[0] == likeness


def test_names_that_sound_the_same_share_a_key() -> None:
    first, second, third = sound_keys(["王晓明", "王小明", "王大明"])
    assert first == second != third


def test_the_table_of_characters_is_a_mapping() -> None:
    assert len(TRADITIONAL) == len(SIMPLIFIED) == len(set(TRADITIONAL))
    assert not set(TRADITIONAL) & set(SIMPLIFIED)


def test_the_sql_reads_numbers_as_the_kit_does() -> None:
    """The step works on the first 17 digits in SQL; a mapping reads the number in Python. They must agree."""
    valid = [an_id_number("1990-01-31", sequence=n) for n in range(60)]
    bad = [number[:17] + "0" for number in valid] + [
        "44038019900231001X",
        "123456789012345678",
        "X" * 18,
    ]
    rows = [
        a_row(f"{place:03d}", f"陈{chr(0x4E00 + place)}", number=n)
        for place, n in enumerate(valid + bad)
    ]
    twins = [dict(row, row_id=row["row_id"] + "b", source="rental") for row in rows]
    links, _ = link_rows([*rows, *twins])
    for row in rows:
        judged = read_identity_number(row["id_number"], as_of=date(2026, 11, 1)).is_valid
        is_tied_by_number = links[row["row_id"] + "b"]["reason"].startswith("身份证号码相同")
        assert is_tied_by_number == judged


def test_a_session_is_left_without_raw_values() -> None:
    connection = open_engine()
    connection.close()
    links, _ = link_rows([a_row("a"), a_row("b")])
    assert set(links["a"]) == {"row_id", "cluster", "match_probability", "reason", "quarantined"}
