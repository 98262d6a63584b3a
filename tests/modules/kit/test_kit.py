"""Receipts, periods, coordinates, files, tables: the hallway."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.kit import coordinates
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.clock import local_day
from kuai.kit.engine import content_hash, engine, use_table, write_table
from kuai.kit.errors import Breakdown, DataFault, Refusal, Where
from kuai.kit.periods import Period
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, Column, Sensitivity, effective_level

COUNTS = st.integers(min_value=0, max_value=10**9)
SMALL = BulkTable(
    name="small",
    owner="tests",
    row="a test row",
    retention="none",
    columns=(
        Column("key", "VARCHAR", Sensitivity.L1, "key"),
        Column("chance", "DOUBLE", Sensitivity.L1, "chance"),
    ),
    order_by=("key",),
)


@given(COUNTS, COUNTS, COUNTS)
def test_a_receipt_whose_sums_add_up_exists(kept, refused, quarantined):
    receipt = Receipt("receive", kept + refused + quarantined, kept, refused, quarantined)
    assert Receipt.from_json(receipt.as_json()) == receipt


@given(COUNTS, COUNTS, COUNTS, st.integers(min_value=1, max_value=1000))
def test_a_receipt_that_lost_rows_cannot_exist(kept, refused, quarantined, lost):
    with pytest.raises(Breakdown):
        Receipt("receive", kept + refused + quarantined + lost, kept, refused, quarantined)


def test_a_negative_count_is_no_receipt():
    with pytest.raises(Breakdown):
        Receipt("receive", received=0, kept=1, refused=-1)


def test_a_total_keeps_its_parts():
    total = Receipt.total("all", (Receipt("a", 3, 2, 1), Receipt("b", 4, 4)))
    assert (total.received, total.kept, total.refused, len(total.parts)) == (7, 6, 1, 2)


DAYS = st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2030, 1, 1)))


@given(DAYS, DAYS, st.dates(date(1999, 1, 1), date(2031, 1, 1)))
def test_periods_are_half_open(begin, end, day):
    if begin and end and end < begin:
        with pytest.raises(ValueError, match="cannot end"):
            Period(begin, end)
        return
    period = Period(begin, end)
    assert period.holds_on(day) == ((begin is None or begin <= day) and (end is None or day < end))
    if end:
        assert not period.holds_on(end)


@given(DAYS, DAYS, DAYS, DAYS)
def test_two_periods_overlap_exactly_when_a_day_lies_in_both(a, b, c, d):
    try:
        left, right = Period(a, b), Period(c, d)
    except ValueError:
        return
    candidates = [x for x in (a, c, date(1990, 1, 1)) if x]
    shared = any(left.holds_on(day) and right.holds_on(day) for day in candidates)
    assert left.overlaps(right) == right.overlaps(left) == shared


def test_local_day_is_the_tenants_day_not_utcs():
    assert local_day(datetime(2026, 11, 21, 17, 0, tzinfo=UTC)) == date(2026, 11, 22)
    with pytest.raises(ValueError, match="zone"):
        local_day(datetime(2026, 11, 21, 17, 0))  # noqa: DTZ001


def test_gcj02_and_bd09_agree_with_the_published_point():
    gcj = coordinates.gcj02_from_cgcs2000(114.3463, 22.6909)
    assert gcj == pytest.approx((114.351216, 22.688187), abs=1e-6)
    assert coordinates.bd09_from_gcj02(*gcj) == pytest.approx((114.357663, 22.694496), abs=1e-6)


@given(st.floats(113.7, 114.7), st.floats(22.4, 22.9), st.sampled_from(["GCJ-02", "BD-09"]))
def test_converting_there_and_back_moves_a_point_by_less_than_a_centimetre(x, y, system):
    there = coordinates.gcj02_from_cgcs2000(x, y)
    if system == "BD-09":
        there = coordinates.bd09_from_gcj02(*there)
    assert coordinates.to_cgcs2000(*there, system=system) == pytest.approx((x, y), abs=1e-7)


def test_an_unlabelled_point_is_refused():
    with pytest.raises(ValueError, match="known system"):
        coordinates.to_cgcs2000(114.0, 22.0, system="")


def test_a_file_that_was_not_completed_leaves_the_old_one(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_half_way():
        with replace_when_complete(target) as scratch:
            scratch.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_one_writer_at_a_time(tmp_path):
    store = Store(tmp_path / "s").create()
    with store.writer_lease(), pytest.raises(Refusal, match="另一个进程"), store.writer_lease():
        pass


def test_publishing_switches_the_current_build_and_keeps_the_old(tmp_path):
    store = Store(tmp_path / "s").create()
    for version in ("b-20260101-000000000001", "b-20260102-000000000002"):
        prepared = store.scratch / version
        prepared.mkdir()
        (prepared / "x").write_text(version)
        store.publish(version, prepared)
    assert store.current_build().name == "b-20260102-000000000002"
    assert (store.builds / "b-20260101-000000000001" / "x").exists()


def test_before_the_first_build_the_store_says_what_to_do(tmp_path):
    with pytest.raises(Refusal, match="kuai build"):
        Store(tmp_path / "s").create().current_build()


def test_equal_rows_in_any_order_give_equal_bytes_and_hashes(tmp_path):
    files, hashes = [], []
    for name, order in (("a", "asc"), ("b", "desc")):
        with engine() as connection:
            rows = f"select 'k' || i as key, i / 7.0 as chance from range(300000) t(i) order by i {order}"
            ref = write_table(connection, SMALL, rows, tmp_path / name)
            hashes.append(content_hash(connection, ref))
            files.append(ref.paths[0].read_bytes())
    assert files[0] == files[1]
    assert hashes[0] == hashes[1]


def test_a_column_left_out_of_the_sort_because_all_rows_share_it_gives_the_same_bytes(tmp_path):
    table = BulkTable(
        name="shared",
        owner="tests",
        row="a test row",
        retention="none",
        columns=(
            Column("source", "VARCHAR", Sensitivity.L1, "the same in every row"),
            *SMALL.columns,
        ),
        order_by=("source", "key"),
    )
    select = (
        "select $source as source, 'k' || hash(i) as key, i / 7.0 as chance from range(300000) t(i)"
    )
    files = []
    for name, same_in_all in (("a", ()), ("b", ("source",))):
        with engine() as connection:
            connection.execute("set preserve_insertion_order = false")
            ref = write_table(
                connection,
                table,
                select,
                tmp_path / name,
                parameters={"source": "police"},
                same_in_all=same_in_all,
            )
            files.append(ref.paths[0].read_bytes())
    assert files[0] == files[1]


def test_a_changed_cell_changes_the_hash_and_the_fifth_place_does_not(tmp_path):
    def hash_of(rows: str) -> str:
        with engine() as connection:
            return content_hash(connection, write_table(connection, SMALL, rows, tmp_path))

    base = hash_of("select 'a' as key, 0.5 as chance")
    assert hash_of("select 'a' as key, 0.500001 as chance") == base
    assert hash_of("select 'a' as key, 0.501 as chance") != base
    assert hash_of("select 'a' as key, cast(null as double) as chance") != base


def test_an_empty_reference_reads_as_an_empty_table(tmp_path):
    with engine() as connection:
        ref = write_table(
            connection, SMALL, "select null as key, null as chance where false", tmp_path
        )
        use_table(connection, ref)
        assert connection.execute("select count(*) from small").fetchone() == (0,)


def test_a_childs_value_is_always_of_the_highest_grade():
    assert effective_level(Sensitivity.L1, is_child_under_14=True) is Sensitivity.L4
    assert effective_level(Sensitivity.L2, is_child_under_14=False) is Sensitivity.L2


def test_a_fault_says_where_what_and_what_to_do():
    fault = DataFault(
        "x",
        "日期写法不认识",
        where=Where(file="a.xlsx", sheet="表1", row=7, column="出生日期"),
        remedy="请改为 2026-01-31 的写法。",
    )
    assert (
        str(fault)
        == "文件 a.xlsx 工作表 表1 第 7 行 “出生日期”列：日期写法不认识。请改为 2026-01-31 的写法。"
    )
