"""`kuai explain`: how an address was understood, what became of one row, where one relation comes from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kuai.address import actions as address
from kuai.address import queries as address_queries
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.actions import relation_types
from kuai.registry.types import CONFLICT, MENTION_ELEMENT, RELATION

Steps = list[tuple[str, str]]
STATUS_WORDS = {
    "asserted": "申报数据，只能引出服务、询问或核查，不能作为处理依据",
    "verified": "已核实",
    "disputed": "有争议，待核查",
    "withdrawn": "已撤销：从未成立",
    "ended": "已终止",
}
END_WORDS = {
    "declared": "来源自己写明",
    "full_delivery": "来源的全量交付不再有这一条",
    "decision": "人工决定",
    "life_cycle": "一端的对象已不存在",
}
LEVEL_WORDS = {"community": "社区", "subdistrict": "街道", "department": "部门"}


def explain_address(text: str, *, store: Store, library: Path | None) -> Steps:
    """How `text` is understood, step by step, against a library file or the published build's library."""
    with engine() as connection:
        if library is not None:
            store.scratch.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix="explain-", dir=store.scratch) as folder:
                entries, _ = address.read_library(connection, library, Path(folder))
                steps = address_queries.open_library(entries).explain_text(text)
        else:
            frozen = address.library_of_build(store.current_build() / "core")
            opened = address_queries.open_library(
                frozen.entries, aliases=frozen.aliases, successions=frozen.successions
            )
            steps = opened.explain_text(text)
    return [(step.title, step.words) for step in steps]


def explain_mention(
    source: str, row: int, *, store: Store, persons: frozenset[str] | None = None
) -> Steps:
    """What one row of one source was identified as, which relations it asserts, which conflicts it is part of."""
    mentions = _rows(
        store,
        MENTION_ELEMENT.name,
        "source = $source and row_no = $row order by element, role",
        {"source": source, "row": row},
    )
    if not mentions:
        raise Refusal(
            "explain.no_mention",
            f"已发布的版本里没有来源“{source}”第 {row} 行的提及。",
            next_step="行号从 0 数起；被退回的行见 kuai sources refused。",
        )
    _require_named(persons, [one["code"] for one in mentions if one["element"] == "person"])
    steps = [(f"提及 {one['element']}/{one['role']}", _mention_sentence(one)) for one in mentions]
    keys = [one["mention_key"] for one in mentions]
    for relation in _rows(
        store,
        RELATION.name,
        "mention_key in (select unnest($keys)) order by relation_no",
        {"keys": keys},
    ):
        steps.append((f"关系 {relation['relation_no']}", _relation_sentence(relation, store)))
    where = "left_mention in (select unnest($keys)) or right_mention in (select unnest($keys)) order by conflict_no"
    for conflict in _rows(store, CONFLICT.name, where, {"keys": keys}):
        steps.append(("冲突", f"{conflict['explanation']}（{conflict['element_code']}）"))
    return steps


def explain_relation(number: int, *, store: Store, persons: frozenset[str] | None = None) -> Steps:
    """One relation of the published build: what it says, from which row, how sure, in what state."""
    found = _rows(store, RELATION.name, "relation_no = $number", {"number": number})
    if not found:
        raise Refusal(
            "explain.no_relation",
            f"已发布的版本里没有关系 {number}。",
            next_step="关系号见 kuai explain mention。",
        )
    relation = found[0]
    _require_named(persons, [relation["from_code"], relation["to_code"]])
    origin = _rows(
        store, MENTION_ELEMENT.name, "mention_key = $key", {"key": relation["mention_key"]}
    )
    steps = [("关系", _relation_sentence(relation, store))]
    steps.append(
        (
            "来自",
            f"{relation['source']} 第 {origin[0]['row_no']} 行（{relation['period']} 期）"
            if origin
            else f"{relation['source']} 的 {relation['period']} 期；这一行不在本版本里，由上一版本接下来",
        )
    )
    steps.append(("首次载明", f"{relation['said_since']} 的版本"))
    steps.append(("状态", _status_sentence(relation)))
    steps.append(("把握", f"{relation['confidence']:.4f} = 人或单位的关联概率 × 地址等级"))
    steps.append(("可用于", relation["purposes"] or "没有登记用途"))
    steps += [("为何是此人", one["reason"]) for one in origin if one["reason"]]
    return steps


def _require_named(persons: frozenset[str] | None, codes: Iterable[str | None]) -> None:
    """Refuse to speak of a person whom the ticket does not name (None: it may be everybody)."""
    others = {code for code in codes if code and code.startswith("P-")} - (persons or frozenset())
    if persons is not None and others:
        raise Refusal(
            "explain.other_person",
            "这里还涉及凭据没有写明的人。",
            next_step="请在写明这些人的核校里再查。",
        )


def _mention_sentence(mention: dict[str, Any]) -> str:
    parts = [f"→ {mention['code'] or '未认定'}"]
    if mention["match_probability"] is not None:
        parts.append(f"概率 {mention['match_probability']:.4f}")
    if mention["reason"]:
        parts.append(str(mention["reason"]))
    if mention["address_code"] and mention["element"] != "address":
        parts.append(f"地点 {mention['address_code']}（{mention['grade']}）")
    elif mention["grade"]:
        parts.append(f"等级 {mention['grade']}")
    return "，".join(parts)


def _status_sentence(relation: dict[str, Any]) -> str:
    parts = [STATUS_WORDS[relation["status"]]]
    if relation["is_contested"]:
        parts.append("有人提出异议，不进入任何规则和计数")
    if relation["ended_by"]:
        parts.append(f"{relation['valid_to']} 终止：{END_WORDS[relation['ended_by']]}")
    if relation["level"]:
        parts.append(f"已核实到{LEVEL_WORDS[relation['level']]}")
    if relation["decision"] is not None:
        parts.append(f"依据第 {relation['decision']} 号决定")
    return f"{relation['status']}：{'；'.join(parts)}"


def _relation_sentence(relation: dict[str, Any], store: Store) -> str:
    titles = {entry.code: entry.title_zh for entry in relation_types(store.root)}
    period = f"{relation['valid_from'] or '…'} 至 {relation['valid_to'] or '…'}"
    title = titles.get(relation["type"], relation["type"])
    return (
        f"{relation['from_code']} —{title}→ {relation['to_code']}（{period}，{relation['status']}）"
    )


def _rows(store: Store, table: str, where: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    path = store.current_build() / "core" / f"{table}.parquet"
    with engine() as connection:
        found = connection.execute(f"select * from {scan_sql([path])} where {where}", parameters)
        return rows_of(found)
