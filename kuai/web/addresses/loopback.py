"""`kuai reconcile`: the Reconciliation API on one's own machine, for OpenRefine, without login (decision 0019).

Bound to the loopback address and serving the library alone, no person and no count. Any page open in the same browser
could try to ask it; so a foreign `Host` or `Origin` is refused, only pages of this machine may read the answers, and
there is no JSONP, which would go round that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from kuai.address.places import open_places
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.web.addresses.reconciliation import Reconciler

LOOPBACK = "127.0.0.1"
LONGEST_BODY = 8 << 20
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"^(\[[0-9a-f:]+\]|[a-z0-9.\-]+)(?::[0-9]{1,5})?$")
_JSON = "application/json; charset=utf-8"
_HTML = "text/html; charset=utf-8"

Answer = tuple[int, str, bytes]


def open_listener(store: Store, *, port: int) -> ThreadingHTTPServer:
    """The server, not yet running, its library open; port 0 takes a free one. Refuses before the first build."""
    open_places(store.current_build() / "core", store.scratch).warm_up()

    class Requests(_Requests):
        listener_store = store

    server = ThreadingHTTPServer((LOOPBACK, port), Requests)
    server.daemon_threads = False
    return server


def is_own_page(address: str) -> bool:
    """Does a Host or Origin header name this machine?"""
    host = urlsplit(address).netloc if "://" in address else address
    match = _HOST.match(host.lower())
    return match is not None and match.group(1) in _OWN_NAMES


class _Requests(BaseHTTPRequestHandler):
    listener_store: Store
    # One request a connection (HTTP/1.0), because a thread that waits for the next one would hold up the end.
    timeout = 30
    server_version = "kuai"
    sys_version = ""

    def do_GET(self) -> None:  # noqa: N802 - the name the server looks for
        self._respond(lambda asked, values: answer_get(asked, self.path, values))

    def do_POST(self) -> None:  # noqa: N802
        body = self._read_body()
        if body is not None:
            kind = self.headers.get("Content-Type", "")
            self._respond(lambda asked, _: answer_post(asked, self.path, kind, body))

    def do_OPTIONS(self) -> None:  # noqa: N802
        self._send((HTTPStatus.NO_CONTENT, _JSON, b""))

    def _read_body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if _number(length, digits=9) is None or int(length) > LONGEST_BODY:
            self.close_connection = True
            self._send(_refused(413, "请求太大，或没有写明长度。"))
            return None
        return self.rfile.read(int(length))

    def _respond(self, answer: Callable[[Reconciler, Mapping[str, str]], Answer]) -> None:
        origin = self.headers.get("Origin", "")
        if not is_own_page(self.headers.get("Host", "")) or (origin and not is_own_page(origin)):
            self._send(_refused(403, "只为本机的程序服务。"))
            return
        values = {
            name: found[0]
            for name, found in parse_qs(urlsplit(self.path).query, errors="replace").items()
        }
        base = f"http://{self.headers['Host']}"
        store = self.listener_store
        try:
            places = open_places(store.current_build() / "core", store.scratch)
            asked = Reconciler(places, base_url=base, entity_url=base + "/preview?id={id}")
            self._send(answer(asked, values))
        except Refusal as refusal:
            is_unknown = refusal.code.endswith("unknown")
            self._send(_refused(404 if is_unknown else 400, str(refusal)))

    def _send(self, answer: Answer) -> None:
        status, kind, content = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src 'none'")
        origin = self.headers.get("Origin", "")
        self.send_header("Vary", "Origin")
        if origin and is_own_page(origin):
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Methods", "GET, POST")
            self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's word
        """Nothing: the address of a request may hold what somebody typed."""


def answer_get(asked: Reconciler, path: str, values: Mapping[str, str]) -> Answer:
    """A GET of either version."""
    place, is_draft = _place_of(path)
    if place == "" and not is_draft and "queries" in values:
        return _json(asked.answer_queries(_read(values["queries"])))
    if place == "" and not is_draft and "extend" in values:
        return _json(asked.extend(_read(values["extend"])))
    if place == "":
        return _json(asked.draft_manifest() if is_draft else asked.manifest())
    if place.startswith("suggest/"):
        cursor = values.get("cursor", "0")
        skipped = _number(cursor, digits=6) or 0
        return _json(
            asked.suggest(place.removeprefix("suggest/"), values.get("prefix", ""), skipped)
        )
    if place == "preview":
        return HTTPStatus.OK, _HTML, asked.preview(values.get("id", "")).encode()
    if place == "extend/propose":
        limit = values.get("limit", "0")
        wanted = _number(limit, digits=6) or 0
        return _json(asked.propose(values.get("type", ""), wanted))
    raise Refusal("reconcile.path_unknown", "没有这个地址。")


def answer_post(asked: Reconciler, path: str, kind: str, body: bytes) -> Answer:
    """A POST of either version: a form for 0.2, JSON for the draft."""
    place, is_draft = _place_of(path)
    if is_draft and place == "reconcile":
        return _json(asked.answer_batch(_read(body)))
    if is_draft and place == "extend":
        return _json(asked.extend_batch(_read(body)))
    if place or is_draft:
        raise Refusal("reconcile.path_unknown", "没有这个地址。")
    if kind.startswith("application/json"):
        return _json(asked.answer_queries(_read(body)))
    form = parse_qs(body.decode("utf-8", "replace"), errors="replace", max_num_fields=20)
    if "extend" in form:
        return _json(asked.extend(_read(form["extend"][0])))
    return _json(asked.answer_queries(_read(form.get("queries", [""])[0])))


def _number(text: str, *, digits: int) -> int | None:
    """A count as plain digits: `isdigit` alone takes ² too, which `int` does not."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None


def _place_of(path: str) -> tuple[str, bool]:
    """The path below the root of its version, and whether that is the draft."""
    place = urlsplit(path).path.strip("/")
    is_draft = place == "v1" or place.startswith("v1/")
    return place.removeprefix("v1").strip("/") if is_draft else place, is_draft


def _read(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal("request.form", "请求读不懂：须是 JSON。") from None


def _json(content: Any) -> Answer:
    text = json.dumps(content, ensure_ascii=False)
    return HTTPStatus.OK, _JSON, text.encode("utf-8", "replace")


def _refused(status: int, sentence: str) -> Answer:
    content = json.dumps({"status": "error", "message": sentence}, ensure_ascii=False)
    return status, _JSON, content.encode("utf-8", "replace")
