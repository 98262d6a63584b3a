"""Tokens: the same in SQL and Python, different in every zone, stable over key rotation."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from kuai.guard import actions
from kuai.guard.engine import tokens
from kuai.guard.types import Zone
from kuai.kit.store import Store

VALUES = ["440381199001010015", "13800000000", "张三丰", "x" * 200, "a'b\\c", "𠮷", " "]


def tokens_by_sql(parameters: dict[str, bytes], values: list[str | None]) -> list[str | None]:
    with duckdb.connect() as connection:
        connection.execute("create table t (n integer, v varchar)")
        connection.executemany("insert into t values (?, ?)", list(enumerate(values)))
        rows = connection.execute(
            f"select {actions.token_sql('v')} from t order by n", parameters
        ).fetchall()
    return [row[0] for row in rows]


def test_sql_and_python_agree_and_both_are_hmac_sha256(store: Store) -> None:
    parameters = actions.token_key_parameters(store, zone=Zone.CORE)
    key = bytes(byte ^ 0x36 for byte in parameters["token_inner"])[:32]
    expected = [hmac.new(key, v.encode(), hashlib.sha256).hexdigest()[:32] for v in VALUES]
    assert [actions.tokenise(store, zone=Zone.CORE, value=value) for value in VALUES] == expected
    assert tokens_by_sql(parameters, list(VALUES)) == expected


@given(key=st.binary(min_size=1, max_size=100), value=st.text(min_size=1, max_size=80))
def test_the_python_token_is_the_standards_hmac_for_any_key(key: bytes, value: str) -> None:
    expected = hmac.new(key, value.encode("utf-8", "ignore"), hashlib.sha256).hexdigest()[:32]
    assert tokens.tokeniser(key)(value) == expected


def test_rfc_4231_case_2_is_met() -> None:
    assert tokens.tokeniser(b"Jefe")("what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c7"
    )


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_has_no_token(store: Store, nothing: str | None) -> None:
    assert actions.tokenise(store, zone=Zone.CORE, value=nothing) is None
    assert tokens_by_sql(actions.token_key_parameters(store, zone=Zone.CORE), [nothing]) == [None]


def test_an_expression_keeps_its_meaning_inside_token_sql(store: Store) -> None:
    parameters = actions.token_key_parameters(store, zone=Zone.CORE)
    sql = actions.token_sql("case when true then 'a' else 'b' end || 'c'")
    with duckdb.connect() as connection:
        row = connection.execute(f"select {sql}", parameters).fetchone()
    assert row == (actions.tokenise(store, zone=Zone.CORE, value="ac"),)


def test_zones_cannot_be_joined(store: Store) -> None:
    for value in VALUES:
        assert len({actions.tokenise(store, zone=zone, value=value) for zone in Zone}) == len(Zone)


def test_tokens_stay_the_same_over_time_and_rotation(store: Store) -> None:
    before = actions.token_key_parameters(store, zone=Zone.CARE)
    actions.rotate_wrapping_key(store)
    assert actions.token_key_parameters(store, zone=Zone.CARE) == before
    assert all(len(pad) == 64 for pad in before.values())


def test_two_stores_have_different_tokens(store: Store, tmp_path: object) -> None:
    other = Store(store.root.with_name("other")).create()
    assert actions.tokenise(store, zone=Zone.CORE, value="x") != actions.tokenise(
        other, zone=Zone.CORE, value="x"
    )


def test_the_token_expression_is_carried_to_spark() -> None:
    spark = sqlglot.transpile(
        f"select {actions.token_sql('v')} from t", read="duckdb", write="spark"
    )
    assert "SHA2" in spark[0].upper()


def test_the_doors_import_without_django() -> None:
    code = (
        "import sys; import kuai.guard.actions; assert 'django' not in sys.modules,"
        " [m for m in sys.modules if m.startswith('django')][:3]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
