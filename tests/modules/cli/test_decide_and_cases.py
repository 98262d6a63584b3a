"""`kuai decide` and `kuai cases`: under the operator's own account, from an objection to its answer by file."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from kuai.cli import allowing
from kuai.cli.main import app
from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, write_json
from kuai.registry import queries
from tests.modules.registry.contested_town import NOW, ContestedTown, publish_town

SECURITY = Actor("security", Role.SECURITY_ADMINISTRATOR)
OPERATORS = {
    "su": Role.SUBDISTRICT_CLERK,
    "wang": Role.DEPARTMENT_CLERK,
    "li": Role.DATA_STEWARD,
    "ge": Role.GRID_WORKER,
}
REASON = ("--reason", "走访时无此人")


@pytest.fixture
def town(store: Store, settings, db, monkeypatch: pytest.MonkeyPatch) -> ContestedTown:
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # As the commands find a store: there is a work database, and its people are invented.
    store.work_database.touch()
    write_json(store.root / "tenant.json", {"synthetic": True})
    monkeypatch.setenv("KUAI_STORE", str(store.root))
    made = publish_town(store)
    for login, role in OPERATORS.items():
        wish = access.NewAccount(login, login, role, areas=("",), staff_no=login)
        access.open_account(wish, password="three-quiet-herons", by=SECURITY, at=NOW)
    return made


@pytest.fixture
def run_as(monkeypatch: pytest.MonkeyPatch):
    """Run `kuai WORDS` as an operator; a refusal is raised as the entrance would tell it."""

    def run(login: str, *words: object) -> Result:
        monkeypatch.setattr(allowing, "login_of_operator", lambda: login)
        return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)

    return run


def test_an_objection_goes_out_comes_back_and_is_closed(
    town: ContestedTown, run_as, tmp_path: Path
) -> None:
    said = run_as("su", "decide", "object", town.lives, "--says", "never_lived", *REASON)
    assert "校核单 JH-2026-000001  公安分局" in said.output
    assert queries.contested_facts() == {town.lives}
    listed = json.loads(run_as("li", "cases", "list", "--json").output)
    assert [one["state"] for one in listed] == ["opened", "opened"]
    for department in ("公安分局", "街道网格中心"):
        form = tmp_path / f"{department}.xlsx"
        run_as("wang", "cases", "export", "--department", department, "-o", form)
        book = openpyxl.load_workbook(form)
        book.worksheets[0].cell(2, 8).value = "已更正"
        book.save(form)
        assert "收下" in run_as("wang", "cases", "answers", form).output
    with pytest.raises(Refusal, match="这一步不归"):
        run_as("wang", "cases", "close", "JH-2026-000001", "--reason", "按答复")
    closed = run_as("li", "cases", "close", "JH-2026-000001", "--reason", "按答复")
    assert "已办结" in closed.output
    assert queries.statuses_since(0)[town.lives].status == "withdrawn"
    shown = run_as("li", "cases", "show", "JH-2026-000002").output
    assert "closed" in shown
    assert "数据第 1 行" in shown


def test_each_command_is_refused_to_whom_the_registry_refuses_it(
    town: ContestedTown, run_as
) -> None:
    evidence = ("--evidence", "visit", "--evidence-ref", "走访单2026-7", *REASON)
    with pytest.raises(Refusal, match="角色"):
        run_as("li", "decide", "verify", town.lives, "--level", "community", *evidence)
    run_as("ge", "decide", "verify", town.lives, "--level", "community", *evidence)
    run_as("su", "decide", "verify", town.lives, "--level", "subdistrict", *evidence)
    with pytest.raises(Refusal, match="角色"):
        run_as("su", "decide", "retract", town.lives, *REASON)
    with pytest.raises(Refusal, match="没有在用的账号"):
        run_as("nobody", "decide", "end", town.lives, "--on", "2026-09-01", *REASON)
    run_as("su", "decide", "end", town.lives, "--on", "2026-09-01", *REASON)
    assert queries.statuses_since(0)[town.lives].status == "ended"


def test_decisions_are_listed_and_taken_back(town: ContestedTown, run_as) -> None:
    run_as("wang", "decide", "different", "police:0#subject", "grid:0#subject", *REASON)
    (listed,) = json.loads(run_as("li", "decide", "list", "--json").output)
    run_as("li", "decide", "withdraw", listed["sequence"], "--reason", "看错了")
    assert "没有" in run_as("li", "decide", "list", "--in-force").output


def test_on_real_records_codes_of_persons_are_for_a_ticket_only(
    town: ContestedTown, run_as
) -> None:
    run_as("su", "decide", "object", town.lives, "--says", "typo", *REASON)
    write_json(town.store.root / "tenant.json", {"synthetic": False})
    assert town.person not in run_as("li", "cases", "list").output
    for command in (("decide", "list"), ("cases", "show", "JH-2026-000001")):
        with pytest.raises(Refusal, match="凭据"):
            run_as("li", *command)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_marked_as_sent(
    town: ContestedTown, run_as, tmp_path: Path
) -> None:
    run_as("su", "decide", "object", town.lives, "--says", "typo", *REASON)
    for out in (tmp_path / "none" / "x.xlsx", tmp_path / "x.pdf"):
        with pytest.raises(Refusal):
            run_as("wang", "cases", "export", "--department", "公安分局", "-o", out)
    states = {one["state"] for one in json.loads(run_as("li", "cases", "list", "--json").output)}
    assert states == {"opened"}


def test_records_are_split_codes_named_alike_and_lives_told_from_the_command_line(
    town: ContestedTown, run_as
) -> None:
    def told(*words: object) -> dict[str, object]:
        run_as("li", "decide", *words, *REASON)
        return json.loads(run_as("li", "decide", "list", "--json").output)[-1]

    split = told("split", "police:1#subject", "--staying", "police:2#subject")
    assert (split["kind"], split["detail"]) == ("split", {"staying": ["police:2#subject"]})
    ended = told("life-cycle", "440310001001", "--event", "demolished", "--on", "2026-10-01")
    assert ended["detail"] == {"event": "demolished", "on": "2026-10-01"}
    named = told("alias", "440310001001", "440310001002")
    assert named["subjects"] == ["440310001001", "440310001002"]
    with pytest.raises(Refusal):
        told("life-cycle", "440310001001", "--event", "birth", "--on", "2026-10-01")
