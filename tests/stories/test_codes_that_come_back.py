"""Two people made one by a clerk's word and parted again have the codes they had; a damaged ledger stops the build.

Runs in this process on the test run's own work database (SQLite or PostgreSQL), with builds made here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings

from kuai.flows.build import BuildResult, build_package
from kuai.flows.explain_code import explain_code
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind
from kuai.registry.queries import read_code_history, resolve_code
from tests.stories import towns

pytestmark = pytest.mark.django_db

NOW = utc_now().replace(microsecond=0)
STEWARD = Actor(user_id="steward", role=Role.DATA_STEWARD, areas=("440310",))


@pytest.fixture
def store(town: Path, own_store: Path, settings: LazySettings) -> Iterator[Store]:
    """The built store; building it again changes nothing but enters its sources in this work database."""
    store = Store(own_store)
    settings.STORE = store
    access.load_purposes()
    apps.get_app_config("registry").ready()
    assert build(town, store).already_published
    yield store
    apps.get_app_config("registry").ready()


def build(package: Path, store: Store) -> BuildResult:
    return build_package(
        package,
        store,
        registrar=registrar_of(synthetic=True, at=NOW),
        gate_on=gate_of(synthetic=True),
    )


def codes(store: Store) -> dict[str, str]:
    return {
        row["mention_key"]: row["code"]
        for row in towns.read_core(store.root, "mention_element")
        if row["element"] == "person"
    }


def two_persons(store: Store) -> list[tuple[str, str]]:
    """Two persons of several records each, as (code, one of the records); the older first."""
    records = defaultdict(list)
    for key, code in sorted(codes(store).items()):
        records[code].append(key)
    persons = towns.read_core(store.root, "person")
    known = [
        row["person_code"] for row in persons if not row["quarantined"] and row["mentions"] > 1
    ]
    return [(code, records[code][0]) for code in known[:2]]


def test_two_made_one_and_parted_again_have_the_codes_they_had(
    town: Path, store: Store, tmp_path: Path
) -> None:
    before = codes(store)
    (older, one), (younger, other) = two_persons(store)
    same = decisions.record_decision(
        DecisionKind.SAME, (one, other), reason="两次登记是同一人", by=STEWARD, at=NOW
    )
    build(town, store)
    joined = codes(store)
    # Their other records follow where linkage lets them: that is its own story.
    assert joined[one] == joined[other] == older
    assert younger not in joined.values()
    assert resolve_code(younger, store=store) == older
    assert read_code_history(older, store=store).merged_here == (younger,)

    decisions.withdraw_decision(same, reason="核对后不是同一人", by=STEWARD, at=NOW)
    assert not build(town, store).already_published
    assert codes(store) == before
    assert resolve_code(younger, store=store) == younger
    assert "恢复" in [step for step, _ in explain_code(younger, store=store)]

    build(towns.copy_town(town, tmp_path / "next", as_of="2026-11-30"), store)
    after = codes(store)
    assert {key: after[key] for key in before} == before
    history = read_code_history(younger, store=store)
    assert [(step.event, step.decision) for step in history.steps if step.code == younger] == [
        ("born", None),
        ("merged", same),
        ("restored", same),
    ]
    told = explain_code(younger, store=store)
    assert any("steward" in text and "已撤回" in text for step, text in told if step == "恢复")
    assert any("steward" in text for step, text in told if step == "并入")


def test_a_damaged_ledger_stops_the_build_and_the_last_good_version_is_served(
    town: Path, own_store: Path, tmp_path: Path
) -> None:
    package = towns.copy_town(town, tmp_path / "next", as_of="2026-11-30")
    ledger = towns.core_of(own_store) / "identity_ledger.parquet"
    ledger.write_bytes(ledger.read_bytes()[: ledger.stat().st_size // 2])
    served = Store(own_store).current_version()
    answer = towns.run_kuai("build", package, "--store", own_store)
    assert answer.exit_code == towns.BUILD_EXIT_FAULTY
    assert "identity_ledger.parquet" in answer.sentences
    assert "从备份恢复" in answer.sentences
    assert Store(own_store).current_version() == served
    assert towns.run_well("block", "440310", "--store", own_store, "--json").json()


def test_the_life_of_a_code_can_be_asked_for_and_an_unknown_one_is_refused(built: Path) -> None:
    code = towns.read_core(built, "person")[0]["person_code"]
    firm = towns.read_core(built, "organisation")[0]["organisation_code"]
    told = explain_code(code, store=Store(built))
    assert [step for step, _ in told] == ["编码", "现在", "首次编码"]
    assert Store(built).current_version() in told[-1][1]
    with pytest.raises(Refusal, match="没有写明"):
        explain_code(code, store=Store(built), persons=frozenset({"P-04RH5W3F-D"} - {code}))
    assert explain_code(firm, store=Store(built), persons=frozenset())
    for wrong, sentence in (
        ("P-00000000-1", "不是要素编码"),
        ("O-ZZZZZZZZ-5", "没有发出过|不是要素"),
    ):
        with pytest.raises(Refusal, match=sentence):
            explain_code(wrong, store=Store(built))
