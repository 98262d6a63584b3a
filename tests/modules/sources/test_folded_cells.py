"""Cells are folded only where their signs ask for it: what is left out would have changed nothing."""

from __future__ import annotations

import unicodedata

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from kuai.sources.engine.folding_cells import GAPS, fold_cells

_WRITTEN = st.text(
    st.sampled_from(
        "张三·欧阳 \t\u3000-—'’。・，,.`0123456789abcXYZｘＸ１２ⅳ㎡éßμ男號\u00a0\u0085\u200b\x1f"
    )
)


@given(st.lists(_WRITTEN | st.none(), max_size=5))
def test_folding_leaves_out_only_what_changes_nothing(cells: list[str | None]) -> None:
    column = pa.array(cells, pa.string())
    whole = pc.utf8_trim_whitespace(pc.utf8_normalize(pc.fill_null(column, ""), form="NFKC"))
    folded, traits = fold_cells(column)
    assert folded.equals(whole)
    assert {sign for cell in folded.to_pylist() for sign in cell if sign in GAPS} <= traits.gaps
    if not traits.has_cases:
        assert _in_capitals(folded).equals(folded)


def test_no_character_with_a_capital_form_is_taken_for_one_without() -> None:
    small = [
        chr(point)
        for point in range(0x20000)
        if not 0xD800 <= point <= 0xDFFF
        and (folded := unicodedata.normalize("NFKC", chr(point))).upper() != folded
    ]
    assert len(small) > 1_300
    assert [sign for sign in small if not fold_cells(pa.array([sign]))[1].has_cases] == []


def test_every_gap_is_found_beside_other_characters() -> None:
    for gap in GAPS:
        folded, traits = fold_cells(pa.array([f"张{gap}三", "440"]))
        assert set(folded[0].as_py()) & set(GAPS) <= traits.gaps


def _in_capitals(column: pa.Array) -> pa.Array:
    table = pa.table({"cell": column})
    connection = duckdb.connect()
    connection.register("folded", table)
    found = connection.execute("select upper(cell) from folded").fetchall()
    return pa.array([cell for (cell,) in found], pa.string())
