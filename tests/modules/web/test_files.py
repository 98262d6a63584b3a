"""Files of firms, buildings and rooms: by two clocks, with sources; nobody in them; every look in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from kuai.blocks.queries import shown_firm_name
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.files.drawing import Around, draw
from kuai.web.rules import SEES_BLOCKS
from tests.modules.flows.small_towns import SmallTown, small_town

LogIn = Callable[[Role], Client]


@pytest.fixture
def town(portal: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTown:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    portal.current_build().rmdir()
    (portal.root / "current").unlink()
    town = small_town(tmp_path / "town")
    town.store = portal
    town.build()
    return town


def firm_of(town: SmallTown) -> str:
    visited = next(row for row in town.rows("relation") if row["type"] == "LE_PARTY")
    return str(visited["from_code"])


def test_a_firms_file_by_two_clocks(town: SmallTown, log_in: LogIn) -> None:
    code, version = firm_of(town), town.store.current_version()
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    page = clerk.get(f"/files/{code}/").content.decode()
    for word in ("法定代表", "注册住所", "firms", "0001", "成立", "未核实", "<svg", version or ""):
        assert word in page, word
    # Who heads it is told as somebody, who has no node of their own.
    assert "（某人）" in page
    assert "P-" not in page
    assert "张测试" not in page
    then = clerk.get(f"/files/{code}/", {"on": "2000-01-01", "believed": version}).content.decode()
    assert "那时还没有" in then
    assert "按版本" in then
    wrong = clerk.get(f"/files/{code}/", {"on": "yesterday"}).content.decode()
    assert "日期请写成" in wrong
    never = clerk.get(f"/files/{code}/", {"believed": "b-20000101-000000000000"})
    assert never.status_code == 200
    assert "库里没有版本" in never.content.decode()
    one_kind = clerk.get(f"/files/{code}/", {"type": "LH_REGISTERED"}).content.decode()
    assert '关系 <span class="badge">1</span>' in one_kind
    entries = LedgerEntry.objects.filter(action="viewed_file", subjects__code=code)
    assert entries.count() == 5
    assert {entry.purpose for entry in entries} == {"block_statistics"}


@pytest.mark.parametrize(
    ("name", "kind", "is_shown"),
    [
        ("王小明", "sole_trader", False),
        ("深圳市王小明", "sole_trader", False),
        ("王小明", "", False),
        ("深圳市美通佳洗衣店", "sole_trader", True),
        ("王小明（深圳）有限公司", "enterprise", True),
    ],
)
def test_a_file_has_no_name_that_may_be_a_persons_as_search_has_none(
    tmp_path: Path, name: str, kind: str, *, is_shown: bool
) -> None:
    shown = shown_firm_name(tmp_path, name, kind=kind, credit_code="x" * bool(kind))
    assert shown == (name if is_shown else "")


def test_no_person_event_or_stranger_has_a_file(town: SmallTown, log_in: LogIn) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    person = town.rows("person")[0]["person_code"]
    for code in (person, town.rows("event")[0]["event_code"]):
        answer = clerk.get(f"/files/{code}/")
        assert answer.status_code == 409
        assert "只有房屋、楼栋和单位的档案" in answer.content.decode()
    assert clerk.get("/files/O-00000000-0/").status_code == 404
    assert Client().get(f"/files/{firm_of(town)}/").status_code == 302
    for role in set(Role) - set(SEES_BLOCKS):
        assert log_in(role).get(f"/files/{firm_of(town)}/").status_code == 403, role


def test_the_drawing_names_so_many_neighbours_and_counts_the_others() -> None:
    kinds = [
        Around("注册住所", 1, [("某处", "/files/440310/")], ""),
        Around("物业服务", 1_000, [("一", ""), ("二", "")], "另有 998 个"),
    ]
    drawing = draw("某单位", kinds)
    assert drawing is not None
    assert [one.count for one in drawing.branches] == [1, 1_000]
    lines = [node.y for branch in drawing.branches for node in branch.nodes]
    assert lines == sorted(set(lines))
    assert max(lines) < drawing.height
    assert draw("某单位", []) is None
