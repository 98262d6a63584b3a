"""Rules over the town: run, read, explained; asked of changes the next day; an office's own rule and its faults."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from kuai.kit.engine import engine
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.store import Store
from kuai.rules import actions, queries
from kuai.rules.types import Overlay
from tests.house.tracked_files import REPOSITORY
from tests.stories import towns

DAY = towns.TOWN_DAY
FEW = 10


@pytest.fixture(scope="module")
def asked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store that looks at the town's builds and has findings of its own."""
    root = tmp_path_factory.mktemp("rules") / "store"
    root.mkdir()
    for name in ("builds", "current", "tenant.json"):
        (root / name).symlink_to(built / name)
    actions.run_rules(Store(root), day=DAY, smallest_population=FEW)
    return Store(root)


def test_everybody_who_turned_sixty_and_is_on_no_list_is_offered_the_card_once(
    asked: Store,
) -> None:
    found = queries.list_findings(asked, rule="first.turning_60")
    subjects = [one.subject_code for one in found]
    assert found
    assert len(set(subjects)) == len(subjects)
    births = [date.fromisoformat(one.evidence["birth_date"]) for one in found]
    assert all(date(1965, 10, 31) < born <= date(1966, 10, 31) for born in births)


def test_a_day_later_changes_alone_are_asked_and_nothing_is_missed(asked: Store) -> None:
    later = date(2026, 11, 20)
    run = actions.run_rules(asked, day=later, smallest_population=FEW)
    assert run.way == "changes"
    kept = {one.finding_id for one in queries.list_findings(asked)}
    anew, _ = actions.evaluate_rules(
        asked, queries.list_rules(), day=later, smallest_population=FEW
    )
    assert kept == {one.finding_id for one in anew}
    first = {one.first_found for one in queries.list_findings(asked)}
    assert first == {DAY, later}


def test_what_somebody_objects_to_is_out_of_every_rule(asked: Store) -> None:
    rules = [queries.get_rule("first.turning_60")]
    before, _ = actions.evaluate_rules(asked, rules, day=DAY, smallest_population=FEW)
    person = before[0].subject_code
    overlay = Overlay(birth_dates=frozenset({person}))
    after, _ = actions.evaluate_rules(
        asked, rules, day=DAY, overlay=overlay, smallest_population=FEW
    )
    assert {one.subject_code for one in before} - {one.subject_code for one in after} == {person}


def test_nobody_gone_or_contested_gets_a_finding_and_the_rest_stays(asked: Store) -> None:
    before = queries.list_findings(asked)
    people = [one.subject_code for one in before if one.rule == "first.turning_60"]
    room = next(one.subject_code for one in before if one.subject_kind == "room")
    overlay = Overlay(gone=frozenset(people[:1]), paused=frozenset({people[1], room}))
    day = before[0].found_on
    run = actions.run_rules(asked, day=day, overlay=overlay, smallest_population=FEW)
    assert run.way == "changes"
    after = queries.list_findings(asked)
    named = {*people[:2], room}
    assert not named & {one.subject_code for one in after}
    assert {one.finding_id for one in after} >= {
        one.finding_id
        for one in before
        if one.subject_kind == "person" and one.subject_code not in named
    }
    anew, _ = actions.evaluate_rules(
        asked, queries.list_rules(), day=day, overlay=overlay, smallest_population=FEW
    )
    assert {one.finding_id for one in anew} == {one.finding_id for one in after}
    actions.run_rules(asked, day=day, smallest_population=FEW)
    assert [one.finding_id for one in queries.list_findings(asked)] == [
        one.finding_id for one in before
    ]


def test_whom_the_build_no_longer_knows_vanishes_from_every_kept_run(
    built: Path, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store").create()
    version = Store(built).current_build().name
    shutil.copytree(built / "builds" / version, store.builds / version)
    (store.root / "current").write_text(version + "\n")
    for day in (DAY - timedelta(days=1), DAY):
        actions.run_rules(store, day=day, smallest_population=FEW)
    assert actions.sweep_findings(store) == 0
    found = {
        one.subject_code: one
        for one in queries.list_findings(store)
        if one.subject_kind == "person"
    }
    person, whose_row, *_ = found.values()
    # As a build after an erasure: one person is in it no more, one row of another is not.
    core = store.current_build() / "core"
    with engine() as session:
        for name, gone in (
            ("person", f"person_code = '{person.subject_code}'"),
            ("mention_element", f"mention_key = '{whose_row.rows[0]}'"),
        ):
            path = core / f"{name}.parquet"
            session.execute(f"create or replace temp table t as from '{path}' where not ({gone})")
            session.execute(f"copy t to '{path}' (format parquet)")
    assert actions.sweep_findings(store) >= 4
    runs = sorted((store.root / "findings").glob("*/finding.parquet"))
    assert len(runs) == 2
    for path in runs:
        with engine() as session:
            rows = session.execute(f"select * from '{path}'").fetchall()
        text = repr(rows) + (path.parent / "run.json").read_text()
        assert rows
        assert person.subject_code not in text
        assert whose_row.rows[0] not in text
        assert whose_row.finding_id not in text


def test_fewer_than_a_hundred_and_a_rule_is_not_asked(asked: Store) -> None:
    rules = [queries.get_rule("first.inspection_due")]
    found, counts = actions.evaluate_rules(asked, rules, day=DAY)
    assert not found
    assert "少于 100" in counts[0].refused


def test_a_finding_is_explained_and_only_to_whom_it_may_be(asked: Store) -> None:
    found = queries.list_findings(asked, rule="first.turning_60")[0]
    told = dict(queries.explain_finding(asked, found.finding_id))
    assert told["什么会消除它"] == "已在名单上，或生日登记有误"
    assert "来源" in told["依据的行"]
    with pytest.raises(Refusal, match="不在凭据里"):
        queries.explain_finding(asked, found.finding_id, persons=frozenset({"P-OTHER"}))


def test_a_draft_is_answered_and_leaves_nothing_behind(asked: Store) -> None:
    desk = queries.open_draft_desk(asked, day=DAY, smallest_population=FEW)
    room = queries.list_findings(asked, rule="first.turning_60")[0].place_code
    draft = {
        "persons": [{"person_code": "P-DRAFT", "birth_date": "1966-10-31"}],
        "homes": [{"person_code": "P-DRAFT", "place_code": room}],
    }
    for _ in range(2):
        found = desk.try_draft(draft, rules=["first.turning_60"])
        assert [one.subject_code for one in found] == ["P-DRAFT"]
    assert desk.try_draft({"homes": draft["homes"]}, rules=["first.turning_60"]) == []
    desk.close()


def test_an_office_writes_its_own_rule_and_is_told_where_it_is_wrong(asked: Store) -> None:
    folder = asked.root / "rules" / "packs" / "own"
    folder.mkdir(parents=True)
    text = (Path(queries.__file__).parent / "packs" / "first" / "turning_60.yaml").read_text(
        "utf-8"
    )
    own = text.replace("id: turning_60", "id: turning_65").replace("60 year", "65 year")
    (folder / "turning_65.yaml").write_text(own.replace("61 year", "66 year"), encoding="utf-8")
    assert queries.check_rule(queries.get_rule("own.turning_65", asked)) == ()
    (folder / "turning_65.yaml").write_text(own.replace("asks: offer", "asks: fine"), "utf-8")
    with pytest.raises(DataFault) as told:
        queries.list_rules(asked)
    assert "rules/packs/own/turning_65.yaml" in str(told.value)
    assert "第 8 行" in str(told.value)
    assert "offer、question、check" in str(told.value)
    (folder / "turning_65.yaml").unlink()


def test_every_command_of_the_guide_runs_as_it_is_written(own_store: Path) -> None:
    page = (REPOSITORY / "docs" / "writing-a-rule.md").read_text(encoding="utf-8")
    file = own_store / "rules" / "packs" / "own" / "turning_65.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    lines = [line.split("#")[0].split() for line in page.splitlines()]
    commands = [line for line in lines if line[:2] == ["kuai", "rules"]]
    said_there = ["list", "views", "check", "run", "findings", "explain"]
    assert [line[2] for line in commands] == said_there
    told = {}
    for line in commands:
        words = [str(own_store) if word == "STORE" else word for word in line[1:]]
        if line[2] == "explain":
            words[2] = queries.list_findings(Store(own_store), limit=1)[0].finding_id
        ran = towns.run_kuai(*words)
        assert ran.exit_code == 0, (words, ran.stdout)
        told[line[2]] = ran.stdout
    assert "own.turning_65" in told["list"]
    assert "可以运行" in told["check"]
    assert "own.turning_65" in told["run"]
    found_here = queries.list_findings(Store(own_store), rule="own.turning_65")
    assert all(one.finding_id in told["findings"] for one in found_here)
    assert told["findings"].strip(), "that it found nobody is said"
    assert "什么会消除它" in told["explain"]
    for said in ("负责人", "有异议找", "期限"):
        assert said in told["explain"], said
    found = towns.run_kuai("rules", "run", "--day", DAY, "--store", own_store, "--json")
    assert found.json()["findings"] > 0
