"""`kuai explain organisation`: which rows make it, which key tied them, what is said of it, what became of its code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kuai.flows.explain_code import explain_code
from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.linkage.queries import list_organisation_keys
from kuai.linkage.types import ORGANISATION_SUSPICION, ORGANISATION_TIE
from kuai.registry.queries import ElementState, LifeEventState, RelationState, state_of
from kuai.registry.types import MENTION_ELEMENT
from kuai.sources.types import ORGANISATION_MENTION

Steps = list[tuple[str, str]]
# A chain with hundreds of rows is told by its first; what is left out is counted.
MOST_TOLD = 40


def explain_organisation(
    code: str, *, store: Store, persons: frozenset[str] | None = None
) -> Steps:
    """How the organisation of `code` came together. `persons`: of whom may be spoken (None: everybody).

    Refuses what is no organisation of the published build. A merged code leads to the one that goes on.
    """
    if not code.startswith("O-"):
        raise Refusal(
            "explain.no_organisation",
            f"“{code}”不是单位编码。",
            next_step="单位编码写成 O-XXXXXXXX-C。",
        )
    state = state_of(store, code, persons=persons)
    core = store.current_build() / "core"
    rows = _rows(
        core / f"{MENTION_ELEMENT.name}.parquet",
        "element = 'organisation' and code = $code order by source, period, row_no, role",
        code=state.code,
    )
    keys = [row["mention_key"] for row in rows]
    steps = [("单位", _head(state))]
    steps += _whose_word(store, rows)
    steps += _told("记录", [_row_sentence(row) for row in rows])
    steps += _told("关联", [_tie_sentence(tie) for tie in _ties(core, keys)])
    steps += [("暂缓", row["explanation"]) for row in _held_back(core, keys)]
    steps += _told("关系", [_relation_sentence(one, state.code) for one in state.relations])
    steps += [
        ("关系（不列出）", f"{hidden.title}：与凭据没有写明的个人") for hidden in state.hidden
    ]
    steps += [("冲突", conflict.explanation) for conflict in state.conflicts]
    steps += [
        ("经历", f"{event.on_day or '日期不详'} {event.kind}（{_origin(event)}）")
        for event in state.life_events
    ]
    steps += [("下次建库生效", f"第 {one.sequence} 号决定（{one.kind}）") for one in state.waiting]
    return steps + [
        (f"编码：{title}", text) for title, text in explain_code(code, store=store, persons=persons)
    ]


def _origin(event: LifeEventState) -> str:
    if event.decision is not None:
        return f"第 {event.decision} 号决定"
    return event.source or "由记录得出"


def _head(state: ElementState) -> str:
    values = state.values
    parts = [state.code, str(values.get("name") or "没有名称")]
    if values.get("credit_code"):
        parts.append(str(values["credit_code"]))
    parts.append(f"{values.get('mentions', 0)} 条记录")
    if state.asked_code != state.code:
        parts.append(f"{state.asked_code} 已并入它")
    return "，".join(parts)


def _whose_word(store: Store, rows: Sequence[dict[str, Any]]) -> Steps:
    """Which row name and credit code are taken from: the same order as the build's step `organisation`."""
    said: list[tuple[bool, bool, str, str, int, str]] = []
    for source, period in sorted({(row["source"], row["period"]) for row in rows}):
        path = store.extracts / source / period / f"{ORGANISATION_MENTION.name}.parquet"
        if path.exists():
            wanted = [row["mention_key"] for row in rows if row["source"] == source]
            found = _rows(path, "list_contains($keys, mention_key)", keys=wanted)
            said += [
                (
                    one["role"] != "subject",
                    not one["credit_code_valid"],
                    source,
                    period,
                    one["row_no"],
                    one["mention_key"],
                )
                for one in found
            ]
    if not said:
        return []
    _, no_code, source, period, row_no, _ = min(said)
    what = "名称" if no_code else "名称和统一社会信用代码"
    return [(what, f"取自 {source} {period} 期第 {row_no} 行")]


def _ties(core: Path, keys: Sequence[str]) -> list[dict[str, Any]]:
    path = core / f"{ORGANISATION_TIE.name}.parquet"
    if not path.exists():
        return []
    where = (
        "(list_contains($keys, left_mention) or list_contains($keys, right_mention))"
        " order by match_probability desc, left_mention, right_mention"
    )
    return _rows(path, where, keys=list(keys))


def _held_back(core: Path, keys: Sequence[str]) -> list[dict[str, Any]]:
    path = core / f"{ORGANISATION_SUSPICION.name}.parquet"
    if not path.exists():
        return []
    return _rows(path, "list_contains($keys, cluster_key) order by kind", keys=list(keys))


def _row_sentence(row: dict[str, Any]) -> str:
    sure = "" if row["match_probability"] is None else f"，概率 {row['match_probability']:.4f}"
    return f"{row['source']} {row['period']} 期第 {row['row_no']} 行（{row['role']}）{sure}，{row['reason']}"


def _tie_sentence(tie: dict[str, Any]) -> str:
    titles = {key.code: key.reason for key in list_organisation_keys()}
    used = "" if tie["is_kept"] else "；没有采用"
    return (
        f"{tie['left_mention']} 与 {tie['right_mention']}：{titles.get(tie['key_code'], tie['key_code'])}，"
        f"概率 {tie['match_probability']:.4f}{used}"
    )


def _relation_sentence(one: RelationState, code: str) -> str:
    is_out = one.from_code == code
    other = one.to_code if is_out else one.from_code
    arrow = f"—{one.title}→ {other}" if is_out else f"←{one.title}— {other}"
    level = f"，核实到 {one.level}" if one.level else ""
    decided = f"，第 {one.decision} 号决定" if one.decision is not None else ""
    return f"{arrow}（{one.status}{level}{decided}；{one.source} {one.period} 期；关系号 {one.relation_no}）"


def _told(title: str, sentences: Sequence[str]) -> Steps:
    steps = [(title, sentence) for sentence in sentences[:MOST_TOLD]]
    if len(sentences) > MOST_TOLD:
        steps.append((title, f"还有 {len(sentences) - MOST_TOLD:,} 条没有列出"))
    return steps


def _rows(path: Path, where: str, **parameters: Any) -> list[dict[str, Any]]:
    with engine(memory_limit="500MB") as connection:
        found = connection.execute(f"select * from {scan_sql([path])} where {where}", parameters)
        return rows_of(found)
