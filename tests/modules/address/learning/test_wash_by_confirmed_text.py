"""A confirmed text is washed to its place, also where a remark follows; no other text is washed otherwise."""

from __future__ import annotations

import pyarrow as pa

from kuai.address.batch import wash_texts
from kuai.address.queries import OpenLibrary, open_library
from kuai.address.types import ADDRESS_ALIAS, Grade
from tests.modules.address.builders import invented_table
from tests.modules.address.learning.conftest import BUILDING, ROOM

KEPT = "石桥怪楼2号101房"


def with_confirmed(*pairs: tuple[str, str]) -> OpenLibrary:
    rows = [
        {
            "address_code": code,
            "text": text,
            "kind": "confirmed",
            "source": "steward:C",
            "valid_from": None,
            "valid_to": None,
        }
        for text, code in pairs
    ]
    types = {"VARCHAR": pa.string(), "DATE": pa.date32()}
    schema = pa.schema([(column.name, types[column.type]) for column in ADDRESS_ALIAS.columns])
    return open_library(invented_table(), aliases=pa.Table.from_pylist(rows, schema=schema))


def test_the_text_and_the_text_with_a_remark_are_the_place(library: OpenLibrary) -> None:
    confirmed = with_confirmed((KEPT, ROOM))
    for text in (KEPT, "石桥怪楼２号１０１房", f"{KEPT}，联系张女士13800001111", f"深圳市{KEPT}"):
        assert library.wash_text(text).address_code is None
        washed = confirmed.wash_text(text)
        assert (washed.address_code, washed.grade) == (ROOM, Grade.B), text
        assert KEPT in washed.explanation
        assert "张女士" not in washed.explanation


def test_a_sure_but_wrong_reading_is_corrected_also_before_a_remark(library: OpenLibrary) -> None:
    text = "石桥村三巷5号101房"
    assert library.wash_text(text).address_code == ROOM
    corrected = with_confirmed((text, f"{BUILDING}000002"))
    assert corrected.wash_text(text).address_code == f"{BUILDING}000002"
    assert corrected.wash_text(f"{text}巷子里路灯坏了").address_code == f"{BUILDING}000002"


def test_texts_that_nobody_confirmed_are_washed_as_before(library: OpenLibrary) -> None:
    confirmed = with_confirmed((KEPT, ROOM), ("石桥村三巷5号101房", f"{BUILDING}000002"))
    for text in (
        "石桥怪楼3号101房",
        "石桥村三巷5号102房",
        "石桥村三巷5号102房，找人",
        "石桥村三巷5号101A",
        "望潮二路220号锦澜花园2栋1单元1203",
        "青湾区石桥社区",
        "",
    ):
        assert confirmed.wash_text(text) == library.wash_text(text), text


def test_many_at_once_and_one_by_one_agree() -> None:
    confirmed = with_confirmed((KEPT, ROOM))
    texts = [KEPT, f"{KEPT}有人", "石桥村三巷5号102房"]
    index = confirmed._washer.index  # noqa: SLF001 - the batch takes an index, which no door opens
    batch = [fields[0] for fields in wash_texts(texts, index)]
    assert batch == [confirmed.wash_text(text).address_code for text in texts]
