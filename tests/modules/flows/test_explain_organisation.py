"""An organisation is explained from its rows to its code, and of persons only those are named who may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.flows.explain_organisation import explain_organisation
from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind
from tests.modules.flows.small_towns import NOW, SmallTown, small_town

pytestmark = pytest.mark.django_db
STEWARD = Actor(user_id="steward", role=Role.DATA_STEWARD, areas=("440310",))


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTown:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    access.load_purposes()
    town = small_town(tmp_path)
    town.build()
    return town


def test_rows_key_relations_and_history_are_told(town: SmallTown) -> None:
    firm = town.rows("organisation")[0]
    steps = explain_organisation(firm["organisation_code"], store=town.store)
    told: dict[str, list[str]] = {}
    for title, text in steps:
        told.setdefault(title, []).append(text)
    assert firm["name"] in told["单位"][0]
    assert told["名称"] == ["取自 firms 0001 期第 0 行"]
    assert [text.split("（")[0] for text in told["记录"]] == [
        "firms 0001 期第 0 行",
        "visits 0001 期第 0 行",
    ]
    assert "名称一致" in told["关联"][0]
    assert any("注册住所" in text and "asserted" in text for text in told["关系"])
    assert any("首次出现" in text for text in told["编码：首次编码"])


def test_after_a_merge_the_old_code_tells_of_the_one_that_goes_on(town: SmallTown) -> None:
    first, second = (str(row["organisation_code"]) for row in town.rows("organisation")[:2])
    mentions = [str(row["founding_mention"]) for row in town.rows("organisation")[:2]]
    decisions.record_decision(DecisionKind.SAME, mentions, reason="同一家", by=STEWARD, at=NOW)
    waiting = dict(explain_organisation(first, store=town.store))["下次建库生效"]
    assert "same" in waiting
    town.build()
    steps = explain_organisation(second, store=town.store)
    assert steps[0][1].startswith(first)
    assert any(
        "人工核定" in text or "人工" in text for title, text in steps if title in ("关联", "记录")
    )


def test_no_employee_is_named_without_a_ticket_and_nobody_else_is_an_organisation(
    town: SmallTown,
) -> None:
    code = str(town.rows("organisation")[0]["organisation_code"])
    steps = explain_organisation(code, store=town.store, persons=frozenset())
    # Who represents it is public; nobody else.
    assert sum("P-" in text for _, text in steps) == 1
    with pytest.raises(Refusal, match="不是单位编码"):
        explain_organisation("P-00000000-0", store=town.store)
