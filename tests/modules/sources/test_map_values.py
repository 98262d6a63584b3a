"""What written values say: the SQL steps agree with kit's validators and read every date style in use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.kit.credit_codes import (
    ALPHABET,
    credit_check_character,
    organisation_check_character,
    read_credit_code,
)
from kuai.kit.folding import fold_code
from kuai.kit.identity_numbers import check_character, is_placeholder, read_identity_number
from kuai.sources import mapping_steps
from kuai.sources.engine.dictionary import load_dictionary

SQL = Path(mapping_steps.__file__).parent / "sql"
AS_OF = date(2026, 11, 22)
PLACEHOLDERS = load_dictionary().placeholders


def read_values(step: str, view: str, values: Sequence[str], **parameters: str) -> list[dict]:
    """Run one reading step over written values, folded as the map stage folds cells."""
    connection = duckdb.connect()
    folded = pc.utf8_trim_whitespace(pc.utf8_normalize(pa.array(values, pa.string()), form="NFKC"))
    table = pa.table({"raw": folded, "place": range(len(values))})
    words = pa.table({"word": sorted(PLACEHOLDERS)})
    connection.register("words", words)
    connection.register("given", table)
    connection.execute("create temp table placeholder_word as select * from words")
    connection.execute(
        f"create temp table {view} as select distinct raw from given where raw <> ''"
    )
    sql = (SQL / f"{step}.sql").read_text(encoding="utf-8")
    connection.execute(f"create temp table reading as {sql}", parameters or None)
    return (
        connection.execute(
            "select r.* from given as g left join reading as r on r.raw = g.raw order by g.place"
        )
        .to_arrow_table()
        .to_pylist()
    )


first_17 = st.builds(
    lambda division, born, serial: f"{division}{born}{serial:03d}",
    st.sampled_from(
        ["440380", "440399", "810000", "820000", "830000", "840000", "911840", "044038", "610101"]
    ),
    st.one_of(
        st.dates(date(1850, 1, 1), date(2030, 12, 31)).map(lambda day: day.strftime("%Y%m%d")),
        st.sampled_from(
            ["19990229", "20000229", "19001301", "00000101", "20261122", "20261123", "18760101"]
        ),
        st.from_regex(r"[0-9]{8}", fullmatch=True),
    ),
    st.integers(0, 999),
)
valid_number = first_17.map(lambda body: body + check_character(body))
legacy_number = st.from_regex(r"[0-9]{15}", fullmatch=True)


def spoil(number: str, place: int, sign: str) -> str:
    return number[:place] + sign + number[place + 1 :]


mutated_number = st.builds(
    spoil, valid_number, st.integers(0, 17), st.sampled_from("0123456789xX Ｘ１-OA汉")
)
any_written = st.one_of(
    valid_number,
    mutated_number,
    legacy_number,
    valid_number.map(str.lower),
    valid_number.map(lambda number: f" {number[:6]} {number[6:14]}-{number[14:]} "),
    valid_number.map(lambda number: number.translate({ord(str(n)): 0xFF10 + n for n in range(10)})),
    st.from_regex(r"[A-Z]{3}[0-9]{12}", fullmatch=True),
    st.sampled_from(
        [
            "111111111111111111",
            "123456789012345678",
            "无",
            "不详",
            "---",
            "H12345678",
            "1",
            "987654321",
        ]
    ),
    st.text(st.sampled_from("0123456789Xx 无ABＡ１.-"), max_size=20),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(any_written, min_size=1, max_size=60))
def test_identity_numbers_read_the_same_in_sql_and_in_kit(values: list[str]) -> None:
    for value, row in zip(
        values,
        read_values("number_reading", "written_number", values, as_of=AS_OF.isoformat()),
        strict=True,
    ):
        said = read_identity_number(value, as_of=AS_OF)
        folded = fold_code(value)
        if not folded or is_placeholder(folded) or folded in PLACEHOLDERS:
            assert row["number"] is None
            assert (row["id_kind"] or "none") == "none"
            continue
        assert row["number"] == said.number
        assert row["id_kind"] == said.kind.value
        assert row["id_valid"] is said.is_valid
        assert row["birth_date"] == said.birth_date
        assert row["sex"] == said.sex.value


def a_credit_code(head: str, subject: str) -> str:
    body = head + subject + organisation_check_character(subject)
    return body + credit_check_character(body)


valid_code = st.builds(
    a_credit_code,
    st.sampled_from(
        [
            "91440399",
            "92440399",
            "93440399",
            "12440399",
            "52440399",
            "N2440399",
            "A1440399",
            "Y1440399",
        ]
    ),
    st.text(st.sampled_from(ALPHABET), min_size=8, max_size=8),
)
mutated_code = st.builds(
    spoil, valid_code, st.integers(0, 17), st.sampled_from(ALPHABET + "IOSVZ汉 ")
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(valid_code, valid_code.map(str.lower), mutated_code, valid_number),
        min_size=1,
        max_size=60,
    )
)
def test_credit_codes_read_the_same_in_sql_and_in_kit(values: list[str]) -> None:
    for value, row in zip(
        values, read_values("credit_reading", "written_code", values), strict=True
    ):
        said = read_credit_code(value)
        assert (row["code"], row["code_valid"], row["kind"]) == (
            said.code,
            said.is_valid,
            said.kind,
        )


DAYS = [
    ("19560522", date(1956, 5, 22), "day"),
    ("2021/5/1", date(2021, 5, 1), "day"),
    ("2026-11-08", date(2026, 11, 8), "day"),
    ("2025年5月5日", date(2025, 5, 5), "day"),
    ("1956.05.22", date(1956, 5, 22), "day"),
    ("２０２５年５月５日", date(2025, 5, 5), "day"),
    ("2026-01-25 10:52", date(2026, 1, 25), "day"),
    ("2026-11-17 11:04:00", date(2026, 11, 17), "day"),
    ("2021-05-01T00:00:00", date(2021, 5, 1), "day"),
    ("20261117110400", date(2026, 11, 17), "day"),
    ("2025年5月5日10时30分", date(2025, 5, 5), "day"),
    ("201511", date(2015, 11, 1), "month"),
    ("2015-11", date(2015, 11, 1), "month"),
    ("2015年11月", date(2015, 11, 1), "month"),
    ("2015/1", date(2015, 1, 1), "month"),
    ("2015", date(2015, 1, 1), "year"),
    ("2015年", date(2015, 1, 1), "year"),
    ("2023-02-30", None, "unknown"),
    ("2023-13-01", None, "unknown"),
    ("201513", None, "unknown"),
    ("44317", None, "unknown"),
    ("9999-12-31", None, "unknown"),
    ("长期", None, "unknown"),
    ("05/01/2021", None, "unknown"),
]


@pytest.mark.parametrize(("written", "day", "precision"), DAYS)
def test_every_date_style_is_read_with_its_precision(
    written: str, day: date | None, precision: str
) -> None:
    (row,) = read_values("day_reading", "written_day", [written])
    assert (row["day"], row["precision"]) == (day, precision)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.dates(date(1850, 1, 1), date(2199, 12, 31)), min_size=1, max_size=40))
def test_a_day_is_the_same_in_all_five_styles(days: list[date]) -> None:
    styles = [
        "{0:%Y}{0:%m}{0:%d}",
        "{0.year}/{0.month}/{0.day}",
        "{0:%Y}-{0:%m}-{0:%d}",
        "{0.year}年{0.month}月{0.day}日",
        "{0:%Y}.{0:%m}.{0:%d}",
    ]
    for style in styles:
        rows = read_values("day_reading", "written_day", [style.format(day) for day in days])
        assert [row["day"] for row in rows] == days


PHONES = [
    ("13800001111", "13800001111"),
    ("１３８００００１１１１", "13800001111"),
    ("+86 138-0000-1111", "13800001111"),
    ("008613800001111", "13800001111"),
    ("0755-28012345", "075528012345"),
    ("13800001111/13900002222", "13800001111"),
    ("13800001111.0", "13800001111"),
    ("11111111111", None),
    ("12345678", None),
    ("无", None),
    ("110", None),
]


@pytest.mark.parametrize(("written", "phone"), PHONES)
def test_phones_are_digits_and_placeholders_are_none(written: str, phone: str | None) -> None:
    (row,) = read_values("phone_reading", "written_phone", [written])
    assert row["phone"] == phone


@pytest.mark.parametrize("step", sorted(path.stem for path in SQL.glob("*.sql")))
def test_every_step_is_carried_to_spark(step: str) -> None:
    text = (SQL / f"{step}.sql").read_text(encoding="utf-8")
    (spark,) = sqlglot.transpile(
        text, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    # What Spark would read is a select of the same columns.
    assert (
        sqlglot.parse_one(spark, read="spark").named_selects
        == sqlglot.parse_one(text, read="duckdb").named_selects
    )
