"""Of a text only the part that says where is kept; a person may shorten it, never add to it."""

from __future__ import annotations

import pytest

from kuai.address.engine.place_part import require_place_text
from kuai.kit.errors import Refusal
from tests.modules.address.builders import invented_library

ORIGINAL = "家住石桥村三巷5号101A的居民反映漏水，联系张女士13800001111"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("石桥村三巷5号101房巷子里路灯坏了找人", "石桥村3巷5号101房"),
        (ORIGINAL, "石桥村3巷5号101A"),
        (
            "青湾区松涛街道石桥社区石桥村三巷5号（王先生13800001111）",
            "青湾区松涛街道石桥社区石桥村3巷5号",
        ),
        (
            "望潮二路220号锦澜花园2栋1单元1503，电话0755-1234567",
            "望潮2路220号锦澜花园2栋1单元1503",
        ),
        ("望潮二路220号锦澜花园2栋商铺9有人噪音扰民", "望潮2路220号锦澜花园2栋商铺9"),
        ("石桥村三巷5号101之2房有3个人合租", "石桥村3巷5号101之2"),
        ("440381199001011234 石桥村三巷5号101", ""),
        ("440381199001011234", ""),
        ("", ""),
    ],
)
def test_remarks_names_and_telephones_are_cut(text: str, kept: str) -> None:
    assert invented_library().place_part(text) == kept


def test_the_part_is_washed_as_the_whole_text_was() -> None:
    library = invented_library()
    for text in (
        "石桥村三巷5号101房巷子里路灯坏了",
        ORIGINAL,
        "望潮二路220号锦澜花园2栋1单元1203，找人",
    ):
        whole, part = library.wash_text(text), library.wash_text(library.place_part(text))
        assert (whole.address_code, whole.unknown_place) == (part.address_code, part.unknown_place)


def test_it_may_be_shortened() -> None:
    assert require_place_text("石桥村三巷5号", within=ORIGINAL) == "石桥村3巷5号"


@pytest.mark.parametrize(
    ("kept", "code"),
    [
        ("石桥村三巷6号", "alias.not_in_text"),
        ("石桥村三巷5号101A的居民反映漏水", "alias.personal"),
        ("3巷", "alias.text"),
        ("13800001111", "alias.text"),
        ("", "alias.text"),
    ],
)
def test_what_is_not_in_the_text_or_about_people_is_refused(kept: str, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        require_place_text(kept, within=ORIGINAL)
    assert refusal.value.code == code
    assert "张" not in str(refusal.value)
