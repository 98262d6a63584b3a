"""Reviews: what linkage holds back is asked one by one; answers, undo, a second person, one field on demand."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import LazySettings, settings
from django.test import Client

from kuai.guard.access import create_demo_accounts, register_source
from kuai.guard.ledger import LedgerFilter, list_entries
from kuai.guard.models import Account
from kuai.guard.types import Actor, Role, Ticket
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, read_json
from kuai.registry import decisions, suspicions
from kuai.registry.models import Review
from kuai.registry.queries import list_decisions
from tests.modules.web.conftest import NOW, PASSWORD, STEWARD, a_registration
from tests.stories.towns import (
    build,
    describe,
    make_town,
    read_core,
    read_extract,
    resource_of,
    run_kuai,
    run_well,
    write_extract,
)

ODD_PERSONS = 3
REVIEWERS = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK)


@pytest.fixture(scope="module")
def held_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which three persons have one number and two birth dates."""
    root = tmp_path_factory.mktemp("held")
    town = make_town(root / "town", rooms=200, profile="easy")
    # Its typed birthdays contradict numbers on purpose; here three are held back and no more.
    describe(town, lambda text: text["resources"].remove(resource_of(town, "elder_classes")))
    rows = read_extract(town, "police_residents")
    numbered = [row for row in rows if len(row["身份证号码"]) == 18][:ODD_PERSONS]
    doubles = [
        row | {"出生日期": "19010101" if row["出生日期"] == "19010102" else "19610102"}
        for row in numbered
    ]
    write_extract(town, "police_residents", [*rows, *doubles])
    build(town, root / "store")
    return root / "store"


@pytest.fixture
def reviewing(held_town: Path, settings: LazySettings, db: None) -> Callable[[Role], Client]:
    """Browsers of reviewers over that store."""
    store = Store(held_town)
    settings.STORE = store
    settings.KUAI_STORE = store.root
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    for line in read_json(store.current_build() / "receipts.json")["sources"]:
        if line["zone"] == "core":
            register_source(a_registration(line["source"], line["title"]), by=STEWARD, at=NOW)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)

    def as_role(role: Role) -> Client:
        client = Client()
        name = f"demo-{role.value.replace('_', '-')}"
        answer = client.post("/login/", {"username": name, "password": PASSWORD})
        assert answer.status_code == 302
        return client

    return as_role


def items_in(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/reviews/([0-9a-f]{16})/", page)))


def first_item(client: Client) -> str:
    return items_in(client.get("/reviews/").content.decode())[0]


def test_the_list_says_what_is_held_back_why_and_how_far_it_is(
    reviewing: Callable[[Role], Client],
) -> None:
    page = reviewing(Role.DATA_STEWARD).get("/reviews/").content.decode()
    assert "两个出生日期" in page
    assert f"已核定 0 / {ODD_PERSONS}" in page
    assert len(items_in(page)) == ODD_PERSONS


def test_nobody_else_reviews(reviewing: Callable[[Role], Client]) -> None:
    for role in Role:
        if role not in REVIEWERS:
            assert reviewing(role).get("/reviews/").status_code in (302, 403), role


def test_a_question_shows_agreement_tie_and_weights_and_no_value(
    reviewing: Callable[[Role], Client], held_town: Path
) -> None:
    client = reviewing(Role.DATA_STEWARD)
    page = client.get(f"/reviews/{first_item(client)}/").content.decode()
    assert "证件号码" in page
    assert "要剪的这一环" in page
    assert "身份证号码相同且姓名一致" in page
    assert "概率模型怎么看" in page
    assert not re.search(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])", page)
    assert not re.search(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", page)
    assert not re.search(r"19[0-9]{2}-?[01][0-9]-?[0-3][0-9]", page)


def test_of_a_child_a_question_says_same_or_different_and_nothing_of_how_nearly(
    reviewing: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = suspicions._find
    nearly = (
        "name=one_character@2/3;id_number=position@17;birth_date=same;sex=same;phone=unknown;"
        "room=same;building=same;organisation=unknown"
    )
    monkeypatch.setattr(
        suspicions, "_find", lambda *told, **more: replace(find(*told, **more), agreement=nearly)
    )
    client = reviewing(Role.DATA_STEWARD)
    item = first_item(client)
    words = ("差一字", "第 17 位不同", "概率模型怎么看", "≈", 'class="is-position"')
    grown = client.get(f"/reviews/{item}/").content.decode()
    assert [word for word in words if word not in grown] == []
    monkeypatch.setattr(suspicions, "_has_child", lambda *_: True)
    page = client.get(f"/reviews/{item}/").content.decode()
    assert [word for word in words if word in page] == []
    assert page.count('class="is-different"') == 2


def test_same_is_recorded_the_next_question_follows_and_z_takes_it_back(
    reviewing: Callable[[Role], Client],
) -> None:
    client = reviewing(Role.DATA_STEWARD)
    item = first_item(client)
    answer = client.post(f"/reviews/{item}/answer/", {"answer": "same"})
    assert answer.status_code == 302
    assert item not in answer["Location"]
    (decision,) = list_decisions(living_only=True)
    assert decision.kind == "same"
    listed = client.get("/reviews/").content.decode()
    assert f"已核定 1 / {ODD_PERSONS}" in listed
    assert "我今天核定 1" in listed
    following = client.get(answer["Location"]).content.decode()
    assert f"/reviews/undo/{decision.sequence}/" in following
    back = client.post(f"/reviews/undo/{decision.sequence}/", {"item": item})
    assert back["Location"] == f"/reviews/{item}/"
    assert list_decisions(living_only=True) == ()


def test_different_lets_the_right_side_leave_whole(
    reviewing: Callable[[Role], Client],
) -> None:
    client = reviewing(Role.DEPARTMENT_CLERK)
    client.post(f"/reviews/{first_item(client)}/answer/", {"answer": "different"})
    (decision,) = list_decisions(living_only=True)
    assert decision.kind == "split"
    assert set(decision.subjects).isdisjoint(decision.detail["staying"])


def test_unsure_leaves_it_to_a_second_person(reviewing: Callable[[Role], Client]) -> None:
    steward, clerk = reviewing(Role.DATA_STEWARD), reviewing(Role.DEPARTMENT_CLERK)
    item = first_item(steward)
    answer = steward.post(f"/reviews/{item}/answer/", {"answer": "unsure"})
    assert item not in answer["Location"]
    assert item not in items_in(steward.get(answer["Location"]).content.decode())[1:]
    assert "待第二人" in clerk.get("/reviews/").content.decode()
    clerk.post(f"/reviews/{item}/answer/", {"answer": "same"})
    assert [one.kind for one in list_decisions(living_only=True)] == ["same"]


def test_whoever_was_unsure_does_not_decide(reviewing: Callable[[Role], Client]) -> None:
    steward = reviewing(Role.DATA_STEWARD)
    item = first_item(steward)
    steward.post(f"/reviews/{item}/answer/", {"answer": "unsure"})
    for answer in ("same", "different"):
        refused = steward.post(f"/reviews/{item}/answer/", {"answer": answer})
        assert refused.status_code == 409
        assert "要由第二个人来定" in refused.content.decode()
    assert list_decisions(living_only=True) == ()


def test_a_cluster_too_large_for_one_decision_is_not_called_true(
    reviewing: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = reviewing(Role.DATA_STEWARD)
    actor = Account.objects.get(username="demo-data-steward").as_actor()
    monkeypatch.setattr(suspicions, "MOST_MENTIONS_NAMED", 1)
    with pytest.raises(Refusal, match="最多写明 1 条"):
        suspicions.confirm_suspicious(settings.STORE, first_item(client), by=actor, at=NOW)
    assert list_decisions(living_only=True) == ()


def test_true_said_of_one_oddity_answers_no_other(reviewing: Callable[[Role], Client]) -> None:
    client = reviewing(Role.DATA_STEWARD)
    item = first_item(client)
    actor = Account.objects.get(username="demo-data-steward").as_actor()

    def asked() -> decisions.Suspicious:
        every = decisions.list_suspicious(settings.STORE, by=actor)
        return next(one for one in every if one.item == item)

    decisions.record_decision(
        decisions.DecisionKind.CONFIRM,
        asked().codes[:1],
        reason="属实",
        by=actor,
        at=NOW,
        detail={"mentions": [asked().left_mention], "suspicion": "too_old"},
    )
    assert asked().state == "open"
    decisions.confirm_suspicious(settings.STORE, item, by=actor, at=NOW)
    assert asked().state == "confirmed"


def test_z_takes_back_ones_own_answer_and_not_a_colleagues(
    reviewing: Callable[[Role], Client],
) -> None:
    steward, clerk = reviewing(Role.DATA_STEWARD), reviewing(Role.DEPARTMENT_CLERK)
    item = first_item(steward)
    steward.post(f"/reviews/{item}/answer/", {"answer": "same"})
    (decision,) = list_decisions(living_only=True)
    address = f"/reviews/{item}/?undo={decision.sequence}"
    assert 'data-review-key="z"' in steward.get(address).content.decode()
    others = clerk.get(address).content.decode()
    assert 'data-review-key="z"' not in others
    assert "撤回别人的决定" in others


def test_an_answered_question_is_not_answered_twice(reviewing: Callable[[Role], Client]) -> None:
    client = reviewing(Role.DATA_STEWARD)
    item = first_item(client)
    client.post(f"/reviews/{item}/answer/", {"answer": "same"})
    again = client.post(f"/reviews/{item}/answer/", {"answer": "different"})
    assert again.status_code == 409
    assert "已经核定" in again.content.decode()


@pytest.mark.django_db(transaction=True)
def test_one_field_is_shown_for_a_reason_and_both_stand_in_the_ledger(
    reviewing: Callable[[Role], Client],
) -> None:
    client = reviewing(Role.DATA_STEWARD)
    item = first_item(client)
    refused = client.post(f"/reviews/{item}/ask/", {"field": "id_number", "reason": " "})
    assert refused.status_code == 409
    asked = client.post(f"/reviews/{item}/ask/", {"field": "id_number", "reason": "有笔误吗"})
    (ticket,) = re.findall(r'name="ticket" value="([^"]+)"', asked.content.decode())
    shown = client.post(f"/reviews/{item}/read/", {"ticket": ticket})
    page = shown.content.decode()
    assert shown.status_code == 200
    assert len(re.findall(r"44038[0-9]{12}[0-9X]", page)) == 2
    assert "no-store" in shown["Cache-Control"]
    again = client.post(f"/reviews/{item}/read/", {"ticket": ticket})
    assert again.status_code == 403, "a ticket for one look"
    entries = list_entries(LedgerFilter()).entries
    read = [entry for entry in entries if entry.action == "person.read"]
    assert read
    assert all(entry.ticket_id for entry in read)
    unknown = client.post(f"/reviews/{item}/ask/", {"field": "address", "reason": "看看"})
    assert unknown.status_code == 409


@pytest.mark.django_db(transaction=True)
def test_a_look_asked_for_and_not_taken_ends_with_the_answer_or_by_itself(
    reviewing: Callable[[Role], Client],
) -> None:
    client = reviewing(Role.DATA_STEWARD)
    first, second = items_in(client.get("/reviews/").content.decode())[:2]
    actor = Account.objects.get(username="demo-data-steward").as_actor()

    def ask(item: str, minutes: int = 0) -> Ticket:
        at = utc_now() - timedelta(minutes=minutes)
        return decisions.ask_to_read(
            settings.STORE, item, "name", reason="有笔误吗", by=actor, at=at
        )

    def count_open() -> int:
        return Review.objects.filter(closed_at__isnull=True).count()

    ticket = ask(first)
    with pytest.raises(Refusal, match="不是为看这一条"):
        decisions.read_for_review(settings.STORE, second, ticket, by=actor, at=utc_now())
    two = replace(ticket, fields=("name", "phone"))
    with pytest.raises(Refusal, match="这一项"):
        decisions.read_for_review(settings.STORE, first, two, by=actor, at=utc_now())
    assert count_open() == 1
    client.post(f"/reviews/{first}/answer/", {"answer": "unsure"})
    assert count_open() == 0
    ask(second, minutes=11)
    assert count_open() == 1
    client.get(f"/reviews/{second}/")
    assert count_open() == 0


def test_what_is_held_back_stands_in_no_relation_and_no_event_and_is_marked_in_the_export(
    held_town: Path,
) -> None:
    held = {row["person_code"] for row in read_core(held_town, "person") if row["quarantined"]}
    assert len(held) == ODD_PERSONS
    named_anywhere = {
        code
        for row in read_core(held_town, "relation")
        for code in (row["from_code"], row["to_code"])
    }
    assert not held & named_anywhere
    for table in ("base_fact", "life_event", "structure", "block_counter", "event", "contact"):
        path = Store(held_town).current_build() / "core" / f"{table}.parquet"
        if path.exists():
            written = str(pq.read_table(path).to_pylist())
            assert not any(code in written for code in held), table
    target = held_town.parent / "mentions.csv"
    run_well("export", "mentions", "--store", held_town, "-o", target)
    with target.open(encoding="utf-8", newline="") as stream:
        marked = {
            row["person_code"] for row in csv.DictReader(stream) if row["held_back"] == "true"
        }
    assert marked == held


def test_nobody_is_asked_about_other_areas(
    reviewing: Callable[[Role], Client], held_town: Path
) -> None:
    reviewing(Role.DATA_STEWARD)
    elsewhere = Actor(user_id="somebody", role=Role.DEPARTMENT_CLERK, areas=("999999",))
    assert decisions.list_suspicious(Store(held_town), by=elsewhere) == ()


def test_a_question_of_two_areas_is_for_whoever_acts_in_both(
    reviewing: Callable[[Role], Client], held_town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewing(Role.DATA_STEWARD)
    store, here, there = Store(held_town), "440310/440310001", "440310/440310002"
    placed = suspicions._placed(store.current_build())
    moved = tuple(replace(one, area_path=here, other_path=there) for one in placed)
    monkeypatch.setattr(suspicions, "_placed", lambda _build: moved)

    def asked(*areas: str) -> int:
        clerk = Actor(user_id="somebody", role=Role.DEPARTMENT_CLERK, areas=areas)
        return len(decisions.list_suspicious(store, by=clerk))

    assert (asked(here), asked(there), asked(here, there), asked("440310")) == (0, 0, 3, 3)


def test_of_a_record_in_another_area_the_building_is_not_told(
    reviewing: Callable[[Role], Client], held_town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewing(Role.DATA_STEWARD)
    store, elsewhere = Store(held_town), "440310/440310999"
    placed = suspicions._placed(store.current_build())
    moved = tuple(replace(one, area_path=elsewhere, other_path="") for one in placed)
    monkeypatch.setattr(suspicions, "_placed", lambda _build: moved)

    def told(*areas: str) -> set[str]:
        clerk = Actor(user_id="somebody", role=Role.DEPARTMENT_CLERK, areas=areas)
        opened = decisions.open_suspicious(store, moved[0].item, by=clerk, at=NOW)
        return {one.building_code for one in opened.records}

    assert any(told("440310"))
    assert told(elsewhere) == {""}


def test_explain_pair_tells_rows_agreement_keys_path_and_doubt_and_no_value(
    held_town: Path,
) -> None:
    rows = {
        row["mention_key"]: row
        for row in read_core(held_town, "mention_element")
        if row["element"] == "person"
    }
    suspicion = read_core(held_town, "person_suspicion")[0]
    ends = [rows[suspicion[end]] for end in ("left_mention", "right_mention")]
    names = [f"{row['source']}:{row['row_no']}" for row in ends]
    told = run_well("explain", "pair", *names, "--store", held_town, "--json").json()
    steps = {line["step"] for line in told}
    text = "".join(line["text"] for line in told)
    assert {"左侧", "右侧", "现在", "比较", "同键", "模型（比特）", "关联", "存疑"} <= steps
    assert "身份证号码相同且姓名一致" in text
    assert "出生日期不同" in text
    assert not re.search(r"44038[0-9]{12}", text)
    keys = [row["mention_key"] for row in ends]
    assert run_well("explain", "pair", *keys, "--store", held_town, "--json").json() == told
    other = next(row for row in rows.values() if row["code"] != ends[0]["code"])
    apart = run_well("explain", "pair", ends[0]["code"], other["code"], "--store", held_town)
    assert "认定为两个人" in apart.stdout
    refused = run_kuai("explain", "pair", "P-00000000-0", names[0], "--store", held_town)
    assert refused.exit_code != 0
