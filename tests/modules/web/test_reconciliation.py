"""The Reconciliation API: answers in the shapes of both versions, a real client, a door that stays on the machine."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pandas
import pyarrow.parquet as pq
import pytest
import reconciler
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.address.reading import library_table, read_delivered_library
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.types import Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.web.addresses.loopback import is_own_page, open_listener
from tests.modules.address.builders import invented_table
from tests.modules.web import reconcile_shapes as shapes
from tests.modules.web.reconcile_shapes import fits

LogIn = Callable[[Role], Client]
DISTRICT = "440301"


def give_library(store: Store) -> Store:
    core = store.current_build() / "core"
    core.mkdir(parents=True)
    pq.write_table(
        library_table(read_delivered_library(invented_table())), core / "address_entry.parquet"
    )
    return store


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadingHTTPServer]:
    store = Store(tmp_path_factory.mktemp("reconcile") / "store").create()
    (store.root / "current").write_text("b-20261031-000000000000\n", encoding="utf-8")
    server = open_listener(give_library(store), port=0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ask(service: ThreadingHTTPServer) -> Callable[..., tuple[int, dict[str, str], str]]:
    def send(
        method: str, path: str, body: bytes = b"", **headers: str
    ) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", service.server_port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text

    return send


Ask = Callable[..., tuple[int, dict[str, str], str]]


def queried(ask: Ask, queries: Any) -> Any:
    body = urlencode({"queries": json.dumps(queries)}).encode()
    status, _, text = ask(
        "POST", "/", body, Content_Type="application/x-www-form-urlencoded; charset=utf-8"
    )
    assert status == 200, text
    return fits(json.loads(text), shapes.RESULTS_02)


def one(ask: Ask, query: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = queried(ask, {"q0": query})["q0"]["result"]
    return found


def test_both_manifests_have_their_shape_and_lead_somewhere(ask: Ask) -> None:
    manifest = fits(json.loads(ask("GET", "/")[2]), shapes.MANIFEST_02)
    fits(json.loads(ask("GET", "/v1/")[2]), shapes.MANIFEST_DRAFT)
    for kind in ("entity", "type", "property"):
        place = manifest["suggest"][kind]
        assert place["service_url"].startswith("http://127.0.0.1:")
        status, _, text = ask("GET", place["service_path"] + "?prefix=")
        assert status == 200
        fits(json.loads(text), shapes.SUGGESTED)
    building = one(ask, {"query": "石桥村三巷5号"})[0]["id"]
    status, headers, text = ask("GET", f"/preview?id={building}")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "石桥村三巷5号" in text
    assert "不证明产权" in text


def test_only_grades_a_and_b_are_matches(ask: Ask) -> None:
    texts = {
        "sure": "石桥村三巷5号302",
        "open": "石桥三巷7号101",
        "none": "上海市浦东新区某路1号",
        "typed": "jlhy",
    }
    found = {
        key: value["result"]
        for key, value in queried(
            ask, {key: {"query": text} for key, text in texts.items()}
        ).items()
    }
    assert [one["match"] for one in found["sure"]] == [True]
    assert found["sure"][0]["score"] == 95
    assert [one["match"] for one in found["open"]] == [False, False]
    assert {f["id"] for f in found["open"][0]["features"]} == {
        "grade",
        "divisions",
        "name",
        "number",
        "room",
    }
    assert found["none"] == []
    assert found["typed"]
    assert all(one["score"] <= 30 and not one["match"] for one in found["typed"])


def test_a_type_raises_the_answer_to_its_level_or_keeps_it_from_matching(ask: Ask) -> None:
    room = one(ask, {"query": "石桥村三巷5号302"})[0]
    building = one(ask, {"query": "石桥村三巷5号302", "type": "building"})[0]
    assert room["id"].startswith(building["id"])
    assert (building["match"], building["type"][0]["id"]) == (True, "building")
    missing = one(ask, {"query": "石桥村三巷5号", "type": ["room"]})[0]
    assert (missing["match"], missing["type"][0]["id"]) == (False, "building")
    merged = one(ask, {"query": "锦澜花园2栋101", "type": "building"})
    assert [candidate["match"] for candidate in merged] == [False]


def test_properties_say_in_which_area(ask: Ask) -> None:
    query = {"query": "石桥村三巷5号302"}
    inside = [
        {"pid": "district", "v": {"id": DISTRICT, "name": "青湾区"}},
        {"pid": "use", "v": "住宅"},
    ]
    found = one(ask, query | {"properties": inside})[0]
    assert found["match"]
    assert {f["id"]: f["value"] for f in found["features"]}["use"] is False
    assert one(ask, query | {"properties": [{"pid": "district", "v": "南山区"}]}) == []


def test_a_code_as_query_and_as_prefix_is_its_entry(ask: Ask) -> None:
    found = one(ask, {"query": DISTRICT})
    assert [(f["id"], f["match"], f["score"]) for f in found] == [(DISTRICT, True, 100)]
    suggested = json.loads(ask("GET", f"/suggest/entity?prefix={DISTRICT}")[2])
    assert suggested["result"][0]["id"] == DISTRICT


def test_suggest_takes_pinyin_and_skips_to_the_cursor(ask: Ask) -> None:
    every = json.loads(ask("GET", "/suggest/entity?prefix=s")[2])["result"]
    rest = json.loads(ask("GET", "/suggest/entity?prefix=s&cursor=1")[2])["result"]
    assert every[1:] == rest
    assert json.loads(ask("GET", "/suggest/type?prefix=%E6%A5%BC")[2])["result"] == [
        {"id": "building", "name": "楼栋"}
    ]


def test_a_number_in_other_digits_is_none(ask: Ask, service: ThreadingHTTPServer) -> None:
    assert ask("GET", "/suggest/entity?prefix=s&cursor=%C2%B2")[0] == 200
    assert ask("GET", "/extend/propose?type=building&limit=%C2%B2")[0] == 200
    with socket.create_connection(service.server_address[:2], timeout=5) as line:  # type: ignore[arg-type]
        line.sendall(
            "POST / HTTP/1.0\r\nHost: localhost\r\nContent-Length: ²\r\n\r\n".encode("latin-1")
        )
        assert b" 413 " in line.makefile("rb").readline()


def test_an_extension_tells_parents_place_and_state(ask: Ask) -> None:
    code = one(ask, {"query": "石桥村三巷5号302"})[0]["id"]
    names = [
        "code",
        "standard_text",
        "level",
        "state",
        "district",
        "community",
        "building",
        "longitude",
    ]
    query = {"ids": [code, "404"], "properties": [{"id": name} for name in names]}
    body = urlencode({"extend": json.dumps(query)}).encode()
    text = ask("POST", "/", body, Content_Type="application/x-www-form-urlencoded")[2]
    rows = fits(json.loads(text), shapes.EXTENDED_02)["rows"]
    assert rows[code]["district"] == [{"id": DISTRICT, "name": "青湾区"}]
    assert rows[code]["building"][0]["id"] == code[:19]
    assert rows[code]["state"] == [{"str": "在用"}]
    assert rows["404"] == {name: [] for name in names}
    draft = json.loads(ask("POST", "/v1/extend", json.dumps(query).encode())[2])
    fits(draft, shapes.EXTENDED_DRAFT)
    proposed = json.loads(ask("GET", "/extend/propose?type=room&limit=3")[2])
    assert (len(proposed["properties"]), proposed["limit"]) == (3, 3)


def test_the_draft_answers_in_its_own_form(ask: Ask) -> None:
    batch = {
        "queries": [
            {
                "type": "building",
                "limit": 2,
                "conditions": [
                    {"matchType": "name", "v": "三巷5号302"},
                    {
                        "matchType": "property",
                        "pid": "community",
                        "v": ["石桥社区"],
                        "required": True,
                    },
                ],
            },
            {"conditions": [{"matchType": "name", "v": "石桥三巷7号101"}]},
        ]
    }
    status, _, text = ask("POST", "/v1/reconcile", json.dumps(batch).encode())
    assert status == 200
    results = fits(json.loads(text), shapes.RESULTS_DRAFT)["results"]
    assert len(results) == 2
    assert len(results[1]["candidates"]) == 2


def test_a_published_client_reconciles_a_column(service: ThreadingHTTPServer) -> None:
    """PyPI's `reconciler`, as somebody with a data frame uses it; it knows nothing of us."""
    texts = pandas.Series(
        ["石桥村三巷5号302", "沙咀工业区3栋", "石桥村三巷5号302", "石桥三巷7号101"]
    )
    found = reconciler.reconcile(
        texts,
        type_id="building",
        property_mapping={"district": pandas.Series(["青湾区"] * 4)},
        reconciliation_endpoint=f"http://127.0.0.1:{service.server_port}/",
    )
    answers = found.set_index("input_value")
    assert list(answers["match"]) == [True, True, False]
    assert answers.loc["沙咀工业区3栋", "name"].endswith("沙咀工业区3栋")
    assert set(answers["type_id"]) == {"building"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
    ],
)
def test_other_sites_get_nothing(ask: Ask, headers: dict[str, str]) -> None:
    status, answered, text = ask("GET", "/", **headers)
    assert status == 403
    assert "Access-Control-Allow-Origin" not in answered
    assert "versions" not in text


def test_pages_of_this_machine_may_read_and_there_is_no_jsonp(ask: Ask) -> None:
    status, headers, _ = ask("GET", "/?callback=steal", Origin="http://127.0.0.1:3333")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "http://127.0.0.1:3333")
    assert ask("GET", "/?callback=steal")[2].startswith("{")
    assert ask("OPTIONS", "/", Origin="http://localhost:3333")[0] == 204
    assert is_own_page("[::1]:8765")
    assert not is_own_page("")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/", b"queries=%7B", 400),
        ("POST", "/", b"queries=[]", 400),
        ("POST", "/", b"", 400),
        ("POST", "/", b"nothing=1", 400),
        ("POST", "/nowhere", b"{}", 404),
        ("POST", "/v1/reconcile", b"{}", 400),
        ("POST", "/v1/reconcile", b'{"queries":[{"conditions":[]}]}', 400),
        ("POST", "/v1/reconcile", b"\xff\xfe", 400),
        ("POST", "/v1/extend", b'{"ids":["1"],"properties":[{"id":"owner"}]}', 400),
        ("GET", "/preview?id=1", b"", 404),
        ("GET", "/preview?id=%3Cscript%3E", b"", 404),
        ("GET", "/suggest/person?prefix=a", b"", 404),
        ("GET", "/?queries=%5B", b"", 400),
    ],
)
def test_bad_requests_get_a_sentence(
    ask: Ask, method: str, path: str, body: bytes, status: int
) -> None:
    found, _, text = ask(method, path, body)
    assert found == status, text
    assert json.loads(text)["message"]


_ODD = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["query", "type", "limit", "properties", "pid", "v", "conditions", "matchType", "id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)  # fmt: skip


@given(_ODD)
@settings(max_examples=150, deadline=None)
def test_no_query_is_a_failure(service: ThreadingHTTPServer, value: Any) -> None:
    from kuai.address.places import open_places
    from kuai.web.addresses.reconciliation import Reconciler

    store: Store = service.RequestHandlerClass.listener_store
    places = open_places(store.current_build() / "core", store.scratch)
    asked = Reconciler(places, base_url="http://127.0.0.1", entity_url="http://127.0.0.1/{id}")
    for query in ({"q": value}, value):
        with suppress(Refusal):
            json.dumps(fits(asked.answer_queries(query), shapes.RESULTS_02))
    for batch in ({"queries": [value]}, value):
        with suppress(Refusal):
            fits(asked.answer_batch(batch), shapes.RESULTS_DRAFT)


def test_the_portal_answers_behind_its_login_and_counts(
    portal: Store, log_in: LogIn, tmp_path: Path
) -> None:
    give_library(portal)
    assert Client().get("/api/reconcile/").status_code == 401
    assert log_in(Role.RESIDENT).get("/api/reconcile/").status_code == 403
    client = log_in(Role.DATA_STEWARD)
    manifest = fits(client.get("/api/reconcile/").json(), shapes.MANIFEST_02)
    assert manifest["view"]["url"].endswith("/blocks/{{id}}/")
    fits(client.get("/api/reconcile/v1/").json(), shapes.MANIFEST_DRAFT)
    queries = json.dumps({"q0": {"query": "石桥村三巷5号302"}})
    found = fits(client.post("/api/reconcile/", {"queries": queries}).json(), shapes.RESULTS_02)
    assert found["q0"]["result"][0]["match"]
    assert client.get("/api/reconcile/", {"queries": queries}).status_code == 409
    entry = LedgerEntry.objects.get(action="reconciled_addresses")
    assert (entry.count_returned, entry.objects_seen) == (1, [])
    batch = json.dumps({"queries": [{"conditions": [{"matchType": "name", "v": "石桥社区"}]}]})
    draft = client.post("/api/reconcile/v1/reconcile", batch, content_type="application/json")
    fits(draft.json(), shapes.RESULTS_DRAFT)
    for path in ("suggest/entity?prefix=s", "v1/suggest/type?prefix=", "suggest/property?prefix=d"):
        fits(client.get(f"/api/reconcile/{path}").json(), shapes.SUGGESTED)
    assert "青湾区" in client.get(f"/api/reconcile/preview?id={DISTRICT}").content.decode()
    assert client.get("/api/reconcile/extend/propose?type=room").json()["properties"]


def test_a_form_without_our_token_is_refused_by_the_portal(portal: Store, log_in: LogIn) -> None:
    give_library(portal)
    plain = log_in(Role.DATA_STEWARD)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = plain.cookies
    answer = strict.post("/api/reconcile/", {"queries": "{}"})
    assert (answer.status_code, answer.json()["code"]) == (409, "request.no_token")
