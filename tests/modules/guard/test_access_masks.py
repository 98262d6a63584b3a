"""Masks: what somebody sees whose ticket does not name the field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.guard.engine.reading import FIELD_LEVELS
from kuai.guard.masks import MASKS, mask, mask_id_number_strictly


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "张三", "张*"),
        ("name", "张小三", "张**"),
        ("name", "欧阳小三", "欧阳**"),
        ("name", "欧阳", "欧*"),
        ("name", "张", "*"),
        ("id_number", "440380190001010014", "440380********0014"),
        ("id_number", "44038019000101001X", "440380********001X"),
        ("id_number", "H12345678", "H*******8"),
        ("id_number", "1234", "****"),
        ("phone", "13800001234", "138****1234"),
        ("phone", "075588881234", "**********34"),
        ("phone", "123", "***"),
        ("address", "坪山街道六和社区求水岭路8号3栋1201", "坪山街道六和社区求水岭路8号3栋***"),
        ("address", "东门路12号", "东门路***"),
        ("birth_date", "1958-03-01", "1958-**-**"),
        ("something_new", "secret", "***"),
        ("name", None, None),
        ("name", "", ""),
        ("phone", None, None),
        ("id_number", None, None),
        ("address", None, None),
        ("birth_date", None, None),
    ],
)
def test_a_masked_value_shows_this_much(field: str, value: str | None, shown: str | None) -> None:
    assert mask(field, value) == shown


def test_the_strict_mask_of_a_number_keeps_only_its_ends() -> None:
    assert mask_id_number_strictly("440380190001010014") == "4****************4"


def test_every_field_that_can_be_revealed_has_its_mask() -> None:
    assert set(FIELD_LEVELS) <= set(MASKS)


@given(st.sampled_from(sorted(MASKS)), st.text(min_size=1, max_size=40))
def test_no_mask_shows_a_value_whole(field: str, value: str) -> None:
    shown = mask(field, value)
    assert shown is not None
    assert "*" in shown
    assert shown != value or set(value) == {"*"}


@given(st.text(alphabet="0123456789X", min_size=18, max_size=18))
def test_a_masked_number_hides_the_birth_date(number: str) -> None:
    shown = mask("id_number", number)
    assert shown is not None
    assert shown[6:14] == "*" * 8
