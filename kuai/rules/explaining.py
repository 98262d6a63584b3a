"""Why a finding is there, in plain sentences: rule, basis, rows, dates, confidence, what would clear it. Private."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kuai.kit.engine import engine, rows_of, scan_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.types import MENTION_ELEMENT, RELATION
from kuai.rules.rule_books import read_rules
from kuai.rules.types import Asks, Finding, Rule, SubjectKind, ToWhom

Steps = list[tuple[str, str]]
ASK_WORDS = {Asks.OFFER: "提供服务", Asks.QUESTION: "询问", Asks.CHECK: "核对"}
SUBJECT_WORDS = {
    SubjectKind.PERSON: "人",
    SubjectKind.ROOM: "房屋",
    SubjectKind.BUILDING: "楼栋",
    SubjectKind.ORGANISATION: "单位",
    SubjectKind.COMMUNITY: "社区",
}
WHOM_WORDS = {
    ToWhom.PERSON: "本人",
    ToWhom.LANDLORD: "房东",
    ToWhom.ROOM: "这间房",
    ToWhom.ORGANISATION: "单位",
    ToWhom.PROPERTY_COMPANY: "物业",
    ToWhom.DEPARTMENT: "部门",
    ToWhom.SOCIAL_WORKER: "社工",
    ToWhom.COMMUNITY: "社区",
    ToWhom.GRID: "网格",
}
STATUS_WORDS = {
    "asserted": "申报，未核实：只能提供、询问或核对，不能作为处理依据",
    "verified": "已核实：仍只提供、询问或核对，由人决定",
}
MOST_ROWS = 20


def explain(store: Store, finding: Finding, persons: frozenset[str] | None) -> Steps:
    """The steps of an explanation; refuses a person whom `persons` (None: all are invented) does not name."""
    is_person = finding.subject_kind is SubjectKind.PERSON
    if is_person and persons is not None and finding.subject_code not in persons:
        raise Refusal(
            "explain.not_named",
            "这条发现说的人不在凭据里。",
            next_step="请用写明这个人的凭据，或看不涉及个人的发现。",
        )
    rule = next((one for one in read_rules(store) if one.rule_id == finding.rule), None)
    return [
        *_rule_steps(finding, rule),
        ("对象", _subject_words(finding)),
        ("请求", _ask_words(finding, rule)),
        *_evidence_steps(finding, rule),
        *_row_steps(store, finding),
        ("把握", f"{finding.confidence:.4f}（所用事实里最低的）"),
        ("状态", STATUS_WORDS.get(finding.status, finding.status)),
        ("什么会消除它", finding.clears_zh),
        (
            "时间",
            f"首次发现 {finding.first_found}，本次 {finding.found_on}，版本 {finding.build}",
        ),
    ]


def _rule_steps(finding: Finding, rule: Rule | None) -> Steps:
    if rule is None:
        return [("规则", f"{finding.rule}（第 {finding.rule_version} 版，现在已没有这条规则）")]
    changed = "" if rule.version == finding.rule_version else f"，现在是第 {rule.version} 版"
    return [
        ("规则", f"{rule.title_zh}（{finding.rule}，第 {finding.rule_version} 版{changed}）"),
        ("依据", f"{rule.basis}；用途 {rule.purpose}；由{rule.owner}负责"),
    ]


def _subject_words(finding: Finding) -> str:
    words = [f"{SUBJECT_WORDS[finding.subject_kind]} {finding.subject_code}"]
    if finding.place_code and finding.place_code != finding.subject_code:
        words.append(f"地点 {finding.place_code}")
    if finding.grid_code:
        words.append(f"网格 {finding.grid_code}")
    return "，".join(words)


def _ask_words(finding: Finding, rule: Rule | None) -> str:
    words = f"向{WHOM_WORDS[finding.to_whom]}{ASK_WORDS[finding.asks]}"
    return f"{words}：{rule.ask_zh}" if rule else words


def _evidence_steps(finding: Finding, rule: Rule | None) -> Steps:
    titles = rule.evidence if rule else {}
    return [(titles.get(name, name), value or "没有") for name, value in finding.evidence.items()]


def _row_steps(store: Store, finding: Finding) -> Steps:
    """Which rows of which deliveries, and what is known of the relations they state."""
    core = store.builds / finding.build / "core"
    keys = list(dict.fromkeys(finding.rows))[:MOST_ROWS]
    mention, relation = (core / f"{table.name}.parquet" for table in (MENTION_ELEMENT, RELATION))
    if not keys or not mention.exists():
        return []
    with engine() as connection:
        rows = rows_of(
            connection.execute(
                f"select distinct mention_key, source, period, row_no from {scan_sql([mention])}"
                " where mention_key in (select unnest($keys)) order by mention_key",
                {"keys": keys},
            )
        )
        stated = rows_of(
            connection.execute(
                "select mention_key, type, valid_from, valid_to, status, confidence"
                f" from {scan_sql([relation])} where mention_key in (select unnest($keys))"
                " and (from_code in ($subject, $place) or to_code in ($subject, $place))"
                " order by mention_key, type",
                {"keys": keys, "subject": finding.subject_code, "place": finding.place_code},
            )
        )
    more = len(set(finding.rows)) - len(keys)
    steps = [("依据的行", _row_words(one, stated)) for one in rows]
    return steps + ([("依据的行", f"另有 {more} 行")] if more > 0 else [])


def _row_words(row: Mapping[str, Any], stated: list[dict[str, Any]]) -> str:
    said = [
        f"{one['type']}"
        + (f" 自 {one['valid_from']}" if one["valid_from"] else "")
        + (f" 至 {one['valid_to']}（不含）" if one["valid_to"] else "")
        + f" 把握 {one['confidence']:.4f}"
        for one in stated
        if one["mention_key"] == row["mention_key"]
    ]
    place = f"来源 {row['source']}，{row['period']} 期，第 {row['row_no']} 行（从 0 数起）"
    return f"{place}：{'；'.join(said)}" if said else place
