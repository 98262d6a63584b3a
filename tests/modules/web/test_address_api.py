"""The JSON interface of the address library: who may ask, what comes back, what the ledger keeps, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuai.address.reading import library_table, read_delivered_library
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.addresses import api, limits
from tests.modules.address.builders import invented_table

LogIn = Callable[[Role], Client]
WASH = "/api/addresses/wash"
SUGGEST = "/api/addresses/suggest"
REVERSE = "/api/addresses/reverse"
SECRET_TEXT = "石桥村三巷5号302 王某某 13800000000"


@pytest.fixture(autouse=True)
def fresh_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_BUCKETS", limits.Buckets())


@pytest.fixture
def library_of_store(portal: Store) -> Store:
    """The invented district as the published build's library, with a point for one building."""
    rows = invented_table().to_pylist()
    for row in rows:
        row["经度"], row["纬度"] = ("114.05", "22.65") if row["名称"] == "启明大厦" else ("", "")
    import pyarrow as pa

    entries = library_table(read_delivered_library(pa.Table.from_pylist(rows)))
    core = portal.current_build() / "core"
    core.mkdir()
    pq.write_table(entries, core / "address_entry.parquet")
    return portal


@pytest.fixture
def steward(library_of_store: Store, log_in: LogIn) -> Client:
    return log_in(Role.DATA_STEWARD)


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def test_a_batch_is_washed_in_order_with_reasons_and_candidates(steward: Client) -> None:
    answer = post(steward, WASH, {"texts": ["石桥村三巷5号302", "", "石桥三巷7号101"]})
    assert answer.status_code == 200
    found = answer.json()
    assert found["version"].startswith("b-")
    assert [one["grade"] for one in found["answers"]] == ["B", "D", "C"]
    assert found["answers"][0]["level"] == "room"
    assert found["answers"][1]["address_code"] is None
    assert len(found["answers"][2]["candidates"]) == 2
    assert found["answers"][2]["candidates"][0]["parts"]["room"] == 20
    assert found["answers"][0]["steps"] is None


def test_answers_have_the_shape_the_description_promises(steward: Client) -> None:
    texts = ["石桥村三巷5号302", "", "石桥三巷7号101"]
    for steps in (False, True):
        answer = post(steward, WASH, {"texts": texts, "steps": steps}).json()
        assert api.WashOut.model_validate(answer, strict=True).dict() == answer
    answer = steward.get(SUGGEST, {"q": "s"}).json()
    assert api.SuggestOut.model_validate(answer, strict=True).dict() == answer


def test_steps_are_told_for_a_few_and_refused_for_many(steward: Client) -> None:
    answer = post(steward, WASH, {"texts": ["石桥三巷7号101"], "steps": True}).json()
    assert "理由" in [step["title"] for step in answer["answers"][0]["steps"]]
    refused = post(steward, WASH, {"texts": ["x"] * 51, "steps": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "addresses.too_many_steps")


def test_what_was_washed_is_in_no_entry_and_no_answer_but_the_place(steward: Client) -> None:
    answer = post(steward, WASH, {"texts": [SECRET_TEXT]})
    assert "13800000000" not in answer.content.decode()
    entry = LedgerEntry.objects.filter(action="washed_addresses").get()
    assert (entry.count_returned, entry.objects_seen) == (1, [])
    with connection.cursor() as cursor:
        cursor.execute("select * from guard_ledgerentry")
        assert "13800000000" not in str(cursor.fetchall())


def test_typing_leaves_no_line_and_a_point_leaves_one(steward: Client) -> None:
    before = LedgerEntry.objects.count()
    assert steward.get(SUGGEST, {"q": "sqc3x5"}).json()["items"]
    assert LedgerEntry.objects.count() == before
    assert steward.get(REVERSE, {"lon": 114.05, "lat": 22.65}).status_code == 200
    assert LedgerEntry.objects.filter(action="asked_for_place").count() == 1


def test_type_ahead_goes_down_step_by_step(steward: Client) -> None:
    line = post(steward, SUGGEST, {"q": "jlhy2"}).json()["items"][0]
    assert (line["level"], line["next"], line["count"]) == ("building", "staircase", 48)
    stairs = steward.get(SUGGEST, {"within": line["within"]}).json()["items"]
    assert [stair["label"] for stair in stairs] == ["1单元", "2单元"]
    rooms = steward.get(SUGGEST, {"within": stairs[0]["within"], "q": "12"}).json()["items"]
    assert {room["level"] for room in rooms} == {"room"}
    assert rooms[0]["code"]


def test_a_point_leads_to_building_and_areas(steward: Client) -> None:
    found = steward.get(REVERSE, {"lon": 114.0501, "lat": 22.65}).json()
    assert found["building"]["name"] == "启明大厦"
    assert found["community"]["name"] == "沙咀社区"
    assert found["closeness"] == "close"
    shifted = steward.get(REVERSE, {"lon": 114.0501, "lat": 22.65, "datum": "GCJ-02"}).json()
    assert (shifted["building"], shifted["closeness"]) == (None, "outside")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"lon": "x", "lat": 1}, 422, "request.form"),
        ({"lon": "nan", "lat": 1}, 409, "address.point_unreadable"),
        ({"lon": "inf", "lat": "-inf"}, 409, "address.point_unreadable"),
        ({"lon": 114, "lat": 22, "datum": "火星"}, 422, "request.form"),
        ({"lon": 114}, 422, "request.form"),
    ],
)
def test_an_odd_point_is_refused(
    steward: Client, query: dict[str, Any], status: int, code: str
) -> None:
    answer = steward.get(REVERSE, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"code", "sentence", "next_step"}


def test_far_away_is_an_answer_and_no_fault(steward: Client) -> None:
    found = steward.get(REVERSE, {"lon": 1e300, "lat": -9999}).json()
    assert (found["building"], found["closeness"]) == (None, "outside")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ('{"texts": "石桥"}', "application/json", 422),
        ('{"texts": [1, null]}', "application/json", 422),
        ('{"texts": ' + json.dumps(["x"] * 1001) + "}", "application/json", 422),
        ("{}", "application/json", 422),
        ("[]", "application/json", 422),
        ("{", "application/json", 400),
        ("\udcff".encode("utf-8", "surrogateescape"), "application/json", 400),
        ('{"texts": ["石桥"]}', "text/plain", 415),
        ("[" * 50_000, "application/json", 400),
    ],
)
def test_a_malformed_request_is_refused_without_repeating_it(
    steward: Client, body: Any, kind: str, status: int
) -> None:
    answer = steward.generic("POST", WASH, body, content_type=kind)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "sentence", "next_step"}
    assert "石桥" not in answer.content.decode()


def test_an_unknown_within_is_refused(steward: Client) -> None:
    answer = steward.get(SUGGEST, {"q": "x", "within": "999999"})
    assert (answer.status_code, answer.json()["code"]) == (404, "places.within_unknown")


def test_who_asks_too_often_is_told_to_wait(
    steward: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = limits.Pace("slow", a_second=0.001, at_once=2)
    monkeypatch.setattr("kuai.web.addresses.api.BATCHES", slow)
    states = [post(steward, WASH, {"texts": []}).status_code for _ in range(3)]
    assert states == [200, 200, 429]


def test_a_bucket_refills_and_accounts_do_not_share_one() -> None:
    buckets = limits.Buckets()
    pace = limits.Pace("test", a_second=1, at_once=2)
    assert [buckets.take("a", pace, now=0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", pace, now=0.0)
    assert buckets.take("a", pace, now=1.0)
    assert not buckets.take("a", pace, now=1.5)


@pytest.mark.parametrize(
    ("role", "wash", "suggest"),
    [
        (Role.OFFICER, 403, 200),
        (Role.RESIDENT, 403, 403),
        (Role.SYSTEM_ADMINISTRATOR, 403, 403),
        (Role.GRID_WORKER, 200, 200),
    ],
)
def test_roles_come_in_where_their_work_needs_it(
    library_of_store: Store, log_in: LogIn, role: Role, wash: int, suggest: int
) -> None:
    client = log_in(role)
    assert post(client, WASH, {"texts": ["石桥社区"]}).status_code == wash
    assert client.get(SUGGEST, {"q": "s"}).status_code == suggest


def test_a_stranger_is_sent_to_sign_in(library_of_store: Store) -> None:
    assert post(Client(), WASH, {"texts": []}).status_code == 401
    assert Client().get(SUGGEST, {"q": "s"}).status_code == 401


def test_before_the_first_library_there_is_a_sentence(portal: Store, log_in: LogIn) -> None:
    answer = post(log_in(Role.DATA_STEWARD), WASH, {"texts": ["石桥社区"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "address.build_without_library")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.lists(st.text(max_size=60), max_size=5), st.text(max_size=40), _VALUES)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_nothing_that_is_sent_is_a_failure(
    steward: Client, texts: list[str], typed: str, value: Any
) -> None:
    limits._BUCKETS._left.clear()
    answers: Iterator[Any] = iter(
        (
            post(steward, WASH, {"texts": texts, "steps": True}),
            post(steward, WASH, value),
            post(steward, WASH, {"texts": value}),
            post(steward, SUGGEST, {"q": typed, "within": typed[:10]}),
            post(steward, SUGGEST, {"q": value, "limit": value}),
            steward.get(REVERSE, {"lon": typed, "lat": typed, "datum": typed}),
        )
    )
    for answer in answers:
        assert answer.status_code in (200, 400, 404, 409, 422), answer.content


def test_a_body_too_big_is_refused_in_words(steward: Client) -> None:
    answer = post(steward, WASH, {"texts": ["x" * 3_000] * 1_000})
    assert answer.status_code == 413
    said = answer.json()
    assert said["code"] == "request.too_big"
    assert "2.5 MB" in said["sentence"]
    assert said["next_step"]
