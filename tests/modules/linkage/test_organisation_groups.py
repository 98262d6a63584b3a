"""Organisations planted because each is easily got wrong: what must be one, and what must not."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from kuai.kit.credit_codes import (
    credit_check_character,
    organisation_check_character,
    read_credit_code,
)
from kuai.kit.engine import open_engine, read_sql
from kuai.linkage import actions
from kuai.linkage.engine.organisations import link_organisation_rows
from kuai.linkage.engine.steps import key_rows

_TEXTS = ("mention_key", "record_key", "source", "period", "role", "name", "credit_code")


def a_code(serial: int) -> str:
    """A valid credit code of an unissued division."""
    subject = f"{serial:08d}"
    body = "91" + "440399" + subject + organisation_check_character(subject)
    return body + credit_check_character(body)


FIRST, SECOND = a_code(99100001), a_code(99250042)
SLIPPED = FIRST[:12] + ("8" if FIRST[12] != "8" else "9") + FIRST[13:]


def clusters(*firms: tuple[str, str]) -> dict[int, int]:
    """For each (name, credit code) the place of the firm its cluster was founded by."""
    rows: list[dict[str, Any]] = [
        {
            **dict.fromkeys(_TEXTS, "x"),
            "mention_key": f"m{place}",
            "record_key": f"r{place}",
            "source": f"s{place}",
            "row_no": place,
            "name": name,
            "credit_code": code or None,
            "credit_code_valid": bool(code) and read_credit_code(code).is_valid,
        }
        for place, (name, code) in enumerate(firms)
    ]
    with open_engine() as connection:
        connection.register("organisation_mention", pa.Table.from_pylist(rows))
        connection.execute(
            "create temp table address_mention (record_key varchar, period varchar, mention_key varchar)"
        )
        connection.execute(
            "create temp table address_wash (mention_key varchar, address_code varchar, grade varchar)"
        )
        for table in ("organisation_mention", "address_mention", "address_wash"):
            columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
            key_rows(connection, table, columns)
        made = read_sql(actions.__file__, "organisation_row")
        connection.execute(f"create temp table organisation_row as {made}")
        link_organisation_rows(connection)
        return dict(
            connection.execute("select mention_no, founder_no from mention_cluster").fetchall()
        )


@pytest.mark.parametrize(
    ("what", "firms", "one"),
    [
        ("one code, two names", (("坪山美康商店", FIRST), ("美康百货", FIRST)), True),
        ("the city left out", (("深圳市美康科技有限公司", FIRST), ("美康科技有限公司", "")), True),
        ("form left short", (("美康科技有限责任公司", FIRST), ("美康科技有限公司", "")), True),
        ("brackets", (("美康（深圳）科技有限公司", FIRST), ("美康(深圳)科技有限公司", "")), True),
        ("a branch", (("美康科技有限公司", FIRST), ("美康科技有限公司龙华分公司", "")), False),
        (
            "a branch with a code",
            (("美康科技有限公司", FIRST), ("美康科技有限公司", SECOND)),
            False,
        ),
        ("a sister", (("美康科技有限公司", FIRST), ("美康投资有限公司", "")), False),
        ("a slip in the code", (("美康科技有限公司", FIRST), ("美康科技公司", SLIPPED)), True),
        ("a slip, another name", (("美康科技有限公司", FIRST), ("恒泰厂", SLIPPED)), False),
        ("a short name", (("美康公司", FIRST), ("美康有限公司", "")), False),
    ],
)
def test_planted_firms(what: str, firms: tuple[tuple[str, str], ...], one: bool) -> None:
    found = clusters(*firms)
    assert (found[0] == found[1]) is one, what


def test_a_slip_tells_which_of_two_firms_of_one_name_is_meant() -> None:
    """Hard because the name alone ties nobody: two codes share it."""
    name = "美康科技有限公司"
    found = clusters((name, SECOND), (name, FIRST), (name, SLIPPED))
    assert found == {0: 0, 1: 1, 2: 1}


def test_two_firms_of_one_name_stay_two_and_a_third_row_joins_neither() -> None:
    name = "美康科技有限公司"
    assert len(set(clusters((name, FIRST), (name, SECOND), (name, "")).values())) == 3
