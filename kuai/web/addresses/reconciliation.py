"""The W3C/OpenRefine Reconciliation Service API over the library: 0.2 as OpenRefine speaks it, and the 1.0 draft.

Answers plain data for plain data and knows neither Django nor a socket; the portal's routes and the service on one's
own machine (decision 0019) both stand on it. A candidate is a match (`match: true`) for grades A and B only.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kuai.address.places import Place, Places, Suggestion
from kuai.address.types import Grade, Level, WashedAddress
from kuai.kit.errors import Refusal

VERSIONS = ("0.2", "1.0-draft")
BATCH_SIZE = 200
MOST_CANDIDATES = 20
MOST_CODES = 1_000
LONGEST_QUERY = 10_000
MOST_SUGGESTIONS = 20
PREVIEW_WIDTH, PREVIEW_HEIGHT = 420, 180
# A is exact, B names its variations; both are sure. Candidates keep the wash's own score.
_SCORES = {Grade.A: 100.0, Grade.B: 95.0}
# What only looks alike is never near a candidate of the wash.
_TYPED_SCORE = 30.0

TYPES = {
    Level.DISTRICT: "区",
    Level.SUBDISTRICT: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
    Level.BUILDING: "楼栋",
    Level.ROOM: "房屋",
}
PROPERTIES = {
    "code": "地址编码",
    "standard_text": "标准地址",
    "level": "级别",
    "state": "状态",
    "use": "用途",
    "longitude": "经度（CGCS2000）",
    "latitude": "纬度（CGCS2000）",
    "district": "区",
    "subdistrict": "街道",
    "community": "社区",
    "grid": "网格",
    "building": "楼栋",
    "successor": "后继编码",
}
# Properties that narrow a query, top down: they are put before the text as one writes an address.
_WRITTEN_BEFORE = ("district", "subdistrict", "community")
_STATES = {
    "planned": "规划",
    "in_use": "在用",
    "split": "已拆分",
    "merged": "已合并",
    "renumbered": "已改号",
    "demolished": "已拆除",
}


@dataclass(frozen=True)
class Asked:
    """One query in the form of either version."""

    text: str
    type: str = ""
    limit: int = 5
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Row:
    """One possible answer before its place is looked up."""

    code: str
    score: float
    is_sure: bool
    why: str
    features: Mapping[str, float | bool]


class Reconciler:
    """The service over one build's places. `entity_url` holds `{id}` where the code goes."""

    def __init__(self, places: Places, *, base_url: str, entity_url: str) -> None:
        self._places = places
        self._base = base_url.rstrip("/")
        self._entity_url = entity_url

    # --- manifests ------------------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any]:
        """What the service can do, in the words of 0.2."""
        suggest = {
            kind: {"service_url": self._base, "service_path": f"/suggest/{kind}"}
            for kind in ("entity", "type", "property")
        }
        return self._of_both() | {
            "versions": ["0.2"],
            "identifierSpace": f"{self._base}/code/",
            "schemaSpace": f"{self._base}/property/",
            "view": {"url": self._entity_url.replace("{id}", "{{id}}")},
            "preview": {
                "url": f"{self._base}/preview?id={{{{id}}}}",
                "width": PREVIEW_WIDTH,
                "height": PREVIEW_HEIGHT,
            },
            "suggest": suggest,
            "extend": {
                "propose_properties": {
                    "service_url": self._base,
                    "service_path": "/extend/propose",
                },
                "property_settings": [],
            },
        }

    def draft_manifest(self) -> dict[str, Any]:
        """What the service can do, in the words of the 1.0 draft."""
        return self._of_both() | {
            "versions": ["1.0-draft"],
            "view": {"url": self._entity_url},
            "preview": {"width": PREVIEW_WIDTH, "height": PREVIEW_HEIGHT},
            "suggest": {"entity": True, "type": True, "property": True},
            "extend": {"proposeProperties": True, "propertySettings": []},
            "standardizedScore": True,
            "lang": "zh-Hans",
        }

    def _of_both(self) -> dict[str, Any]:
        return {
            "name": "块·统一地址库 Kuai address library",
            "defaultTypes": [type_out(Level.ROOM), type_out(Level.BUILDING)],
            "batchSize": BATCH_SIZE,
        }

    # --- queries --------------------------------------------------------------------------------------

    def answer_queries(self, queries: Any) -> dict[str, Any]:
        """0.2: {key: query} -> {key: {"result": candidates}}."""
        if not isinstance(queries, Mapping):
            raise _malformed("queries 须是 {键: 查询} 的形式")
        _require_batch(queries)
        found = self.candidates_of([read_query(query) for query in queries.values()])
        return {
            str(key): {"result": candidates} for key, candidates in zip(queries, found, strict=True)
        }

    def answer_batch(self, batch: Any) -> dict[str, Any]:
        """1.0 draft: {"queries": [...]} -> {"results": [{"candidates": ...}]}."""
        queries = batch.get("queries") if isinstance(batch, Mapping) else None
        if not isinstance(queries, Sequence) or isinstance(queries, str):
            raise _malformed("queries 须是数组")
        _require_batch(queries)
        found = self.candidates_of([read_conditions(query) for query in queries])
        return {"results": [{"candidates": candidates} for candidates in found]}

    def candidates_of(self, batch: Sequence[Asked]) -> list[list[dict[str, Any]]]:
        """Candidates of each query, the best first; a match only where the wash is sure and the type is right."""
        rows = [self._rows_of(asked) for asked in batch]
        places = self._places.find_places(row.code for found in rows for row in found)
        # What stands above at the level asked for, looked up once for the whole batch.
        upper = self._places.find_places(
            above.code
            for asked, found in zip(batch, rows, strict=True)
            for row in found
            for above in (places[row.code].above if row.code in places else ())
            if above.level == asked.type
        )
        return [
            _candidates(asked, found, places, upper)
            for asked, found in zip(batch, rows, strict=True)
        ]

    def _rows_of(self, asked: Asked) -> list[_Row]:
        if _is_code(asked.text):
            return [_Row(asked.text, 100.0, True, "编码相同", {"code": 1.0})]
        text = _whole_text(asked)
        if not text:
            return []
        answer = self._places.library.wash_text(text)
        if answer.grade is not Grade.D:
            return _washed_rows(answer)
        # Characters are the wash's own matter: what it refuses (another city) is not offered by the back door.
        is_typed = any(one.isascii() and one.isalpha() for one in asked.text)
        lines = self._suggested(asked.text, MOST_CANDIDATES) if is_typed else ()
        return [
            _Row(
                line.code,
                _TYPED_SCORE - number,
                False,
                f"联想：{line.why or '上级'}",
                {"typed": 1.0},
            )
            for number, line in enumerate(line for line in lines if line.code)
        ]

    def _suggested(self, text: str, limit: int) -> Sequence[Suggestion]:
        return self._places.suggest(text, limit=limit)

    # --- suggest --------------------------------------------------------------------------------------

    def suggest(self, kind: str, prefix: str, cursor: int = 0) -> dict[str, Any]:
        """Entities, types or properties that begin so."""
        makers: dict[str, Callable[[str], list[dict[str, Any]]]] = {
            "entity": self._suggest_entities,
            "type": lambda typed: _suggest_words(TYPES, typed),
            "property": lambda typed: _suggest_words(PROPERTIES, typed),
        }
        if kind not in makers:
            raise Refusal(
                "reconcile.unknown", "没有这种联想。", next_step="用 entity、type 或 property。"
            )
        skipped = max(0, cursor)
        return {"result": makers[kind](prefix)[skipped : skipped + MOST_SUGGESTIONS]}

    def _suggest_entities(self, prefix: str) -> list[dict[str, Any]]:
        if prefix.isdigit() and len(prefix) > 5:
            return [
                {"id": place.code, "name": place.text, "notable": [place.level]}
                for place in self._places.find_places([prefix]).values()
            ]
        return [
            {
                "id": line.code,
                "name": line.label,
                "description": line.text,
                "notable": [type_out(Level(line.step))],
            }
            for line in self._suggested(prefix, 50)
            if line.code
        ]

    # --- preview and extension ------------------------------------------------------------------------

    def preview(self, code: str) -> str:
        """A small page about one entry, without scripts."""
        place = self._places.find_places([code]).get(code)
        if place is None:
            raise Refusal("reconcile.code_unknown", "地址库里没有这个编码。")
        rows = [
            ("编码", place.code),
            ("级别", TYPES[Level(place.level)]),
            ("状态", _STATES.get(place.state, place.state)),
            ("用途", place.use),
            ("上级", " › ".join(above.name for above in place.above)),
            ("后继", "、".join(place.successors)),
        ]
        lines = "".join(
            f"<tr><th align=left>{name}</th><td>{html.escape(value)}</td></tr>"
            for name, value in rows
            if value
        )
        return (
            '<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8">'
            f"<title>{html.escape(place.text or place.name)}</title></head><body>"
            f"<h1>{html.escape(place.text or place.name)}</h1><table>{lines}</table>"
            "<p><small>编码只说明地点，不证明产权或合法性。</small></p></body></html>"
        )

    def extend(self, query: Any) -> dict[str, Any]:
        """0.2: rows by code. {"ids": [...], "properties": [{"id": ...}]}."""
        codes, names = read_extension(query)
        places = self._places.find_places(codes)
        return {
            "meta": [{"id": name, "name": PROPERTIES[name]} for name in names],
            "rows": {
                code: {name: property_values(places.get(code), name) for name in names}
                for code in codes
            },
        }

    def extend_batch(self, query: Any) -> dict[str, Any]:
        """1.0 draft: rows as a list."""
        codes, names = read_extension(query)
        places = self._places.find_places(codes)
        return {
            "meta": [{"id": name, "name": PROPERTIES[name]} for name in names],
            "rows": [
                {
                    "id": code,
                    "properties": [
                        {"id": name, "values": property_values(places.get(code), name)}
                        for name in names
                    ],
                }
                for code in codes
            ],
        }

    def propose(self, type_id: str, limit: int | None = None) -> dict[str, Any]:
        """Properties worth fetching for a type."""
        names = list(PROPERTIES)[: limit if limit and limit > 0 else None]
        proposed: dict[str, Any] = {
            "type": type_id,
            "properties": [{"id": name, "name": PROPERTIES[name]} for name in names],
        }
        return proposed | ({"limit": limit} if limit else {})


# --- reading what was sent ------------------------------------------------------------------------------


def read_query(query: Any) -> Asked:
    """A query of 0.2."""
    if not isinstance(query, Mapping):
        raise _malformed("每个查询须是对象")
    properties = query.get("properties") or []
    if not isinstance(properties, Sequence) or isinstance(properties, str):
        raise _malformed("properties 须是数组")
    return Asked(
        text=_text_of(query.get("query", "")),
        type=_type_of(query.get("type")),
        limit=_limit_of(query.get("limit")),
        properties=tuple(_property_of(one) for one in properties),
    )


def read_conditions(query: Any) -> Asked:
    """A query of the 1.0 draft: its name conditions are the text, its property conditions narrow it."""
    conditions = query.get("conditions") if isinstance(query, Mapping) else None
    if not isinstance(conditions, Sequence) or isinstance(conditions, str) or not conditions:
        raise _malformed("conditions 须是非空数组")
    text, properties = "", []
    for condition in conditions:
        if not isinstance(condition, Mapping) or "v" not in condition:
            raise _malformed("每个条件须有 matchType 和 v")
        if condition.get("matchType") == "name":
            text = text or _text_of(condition["v"])
        elif condition.get("matchType") == "property":
            properties.append(_property_of(condition))
        else:
            raise _malformed("matchType 须是 name 或 property")
    return Asked(
        text, _type_of(query.get("type")), _limit_of(query.get("limit")), tuple(properties)
    )


def read_extension(query: Any) -> tuple[list[str], list[str]]:
    """Codes and property names of an extension query; unknown properties are refused."""
    if not isinstance(query, Mapping):
        raise _malformed("extend 须是对象")
    codes, properties = query.get("ids"), query.get("properties")
    if not isinstance(codes, list) or not isinstance(properties, list):
        raise _malformed("ids 和 properties 须是数组")
    if len(codes) > MOST_CODES:
        raise _malformed(f"一次最多 {MOST_CODES} 个编码")
    names = [one.get("id") if isinstance(one, Mapping) else one for one in properties]
    unknown = [name for name in names if name not in PROPERTIES]
    if unknown:
        raise _malformed("没有这样的属性")
    return [str(code) for code in codes], [str(name) for name in names]


def _text_of(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("id") or ""
    if isinstance(value, list):
        value = value[0] if value else ""
        return _text_of(value)
    text = str(value) if isinstance(value, str | int | float) else ""
    return text[:LONGEST_QUERY].encode("utf-8", "ignore").decode("utf-8").strip()


def _type_of(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else ""
    if isinstance(value, Mapping):
        value = value.get("id", "")
    # A type we do not have narrows nothing, as the specification allows.
    return value if isinstance(value, str) and value in list(Level) else ""


def _limit_of(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return max(1, min(int(value), MOST_CANDIDATES)) if is_number and value == value else 5


def _property_of(one: Any) -> tuple[str, str]:
    if not isinstance(one, Mapping) or not isinstance(one.get("pid"), str):
        raise _malformed("每个属性须有 pid 和 v")
    return one["pid"], _text_of(one.get("v", ""))


def _require_batch(queries: Sequence[Any] | Mapping[Any, Any]) -> None:
    if len(queries) > BATCH_SIZE:
        raise Refusal(
            "reconcile.too_many", f"一次最多 {BATCH_SIZE} 条查询。", next_step="分几次发送。"
        )


def _malformed(sentence: str) -> Refusal:
    return Refusal("reconcile.form", sentence + "。", next_step="见 W3C Reconciliation API 0.2。")


# --- writing what goes out ------------------------------------------------------------------------------


def type_out(level: Level) -> dict[str, str]:
    """A type."""
    return {"id": str(level), "name": TYPES[level]}


def candidate_out(
    place: Place,
    score: float,
    *,
    match: bool,
    features: Mapping[str, float | bool],
    why: str = "",
) -> dict[str, Any]:
    """A candidate, the same in both versions."""
    ended = "" if place.state in ("planned", "in_use") else _STATES.get(place.state, place.state)
    said = "；".join(one for one in (ended, why) if one)
    return {
        "id": place.code,
        "name": place.text or place.name,
        "score": max(0.0, min(100.0, score)),
        "match": match and not ended,
        "type": [type_out(Level(place.level))],
        "description": said,
        "features": [
            {"id": name, "name": FEATURES.get(name, name), "value": value}
            for name, value in features.items()
        ],
    }


FEATURES = {
    "grade": "等级（A 3，B 2，C 1）",
    "divisions": "行政区划",
    "name": "地名",
    "number": "门牌",
    "room": "房号",
    "typed": "联想",
    "code": "编码相同",
    "type": "级别相符",
    "use": "用途相符",
}


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) > 5


def _whole_text(asked: Asked) -> str:
    """The text with the areas that came as properties before it, as one writes an address."""
    given = dict(asked.properties)
    before = [given.get(name, "") for name in _WRITTEN_BEFORE]
    return "".join(one for one in before if one and one not in asked.text) + asked.text


def _washed_rows(answer: WashedAddress) -> list[_Row]:
    grade: dict[str, float | bool] = {"grade": float("DCBA".index(answer.grade))}
    if answer.grade in _SCORES or not answer.candidates:
        is_sure = answer.grade in _SCORES
        score = _SCORES.get(answer.grade, 50.0)
        return [_Row(str(answer.address_code), score, is_sure, answer.explanation, grade)]
    return [
        _Row(
            str(row["address_code"]),
            float(str(row["score"])),
            False,
            str(row["why"]),
            grade | {str(name): float(part) for name, part in dict(row["parts"]).items()},  # type: ignore[call-overload]
        )
        for row in answer.candidates
    ]


def _candidates(
    asked: Asked, rows: Sequence[_Row], places: Mapping[str, Place], upper: Mapping[str, Place]
) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    use = dict(asked.properties).get("use")
    for row in rows:
        place = places.get(row.code)
        if place is None:
            continue
        raised = [upper[above.code] for above in place.above if above.code in upper]
        if asked.type and place.level != asked.type and raised:
            place = next((one for one in raised if one.level == asked.type), place)
        is_type = not asked.type or place.level == asked.type
        features = dict(row.features)
        if asked.type:
            features["type"] = is_type
        if use:
            features["use"] = use == place.use
        candidate = candidate_out(
            place, row.score, match=row.is_sure and is_type, features=features, why=row.why
        )
        found.setdefault(place.code, candidate)
    return list(found.values())[: asked.limit]


def property_values(place: Place | None, name: str) -> list[dict[str, Any]]:
    """The values of one property of one entry; none where the library is silent."""
    if place is None:
        return []
    if name in ("longitude", "latitude"):
        number = place.longitude if name == "longitude" else place.latitude
        return [] if number is None else [{"float": number}]
    if name == "successor":
        return [{"id": code, "name": code} for code in place.successors]
    for above in place.above:
        if above.level == name:
            return [{"id": above.code, "name": above.name or above.code}]
    texts = {
        "code": place.code,
        "standard_text": place.text,
        "level": TYPES[Level(place.level)],
        "state": _STATES.get(place.state, place.state),
        "use": place.use,
    }
    return [{"str": texts[name]}] if texts.get(name) else []


def _suggest_words(words: Mapping[Any, str], typed: str) -> list[dict[str, Any]]:
    typed = typed.strip().lower()
    return [
        {"id": str(name), "name": shown}
        for name, shown in words.items()
        if str(name).startswith(typed) or shown.startswith(typed)
    ]
