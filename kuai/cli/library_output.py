"""How plans, events and places of the address library look in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kuai.cli.output import console, write_json_answer

SHOWN_LINES = 20
_PLAN_STATES = {"open": "待执行", "applied": "已执行", "dropped": "已丢弃"}


def show_plan(plan: Any, *, with_lists: bool = True) -> None:
    """Counts that add up, then what is refused and why, then what would change."""
    outdated = "（库已变过，请重做）" if plan.is_outdated else ""
    console.print(
        f"[bold]计划 {plan.plan_id}[/]  {plan.file_name}  {_PLAN_STATES[plan.state]}{outdated}"
        f"  对第 {plan.based_on} 版",
        highlight=False,
    )
    console.print(
        f"  收到 {plan.received:,} 行 = 新增 {plan.added:,} + 变更 {plan.changed:,}"
        f" + 不变 {plan.unchanged:,} + 退回 {plan.refused:,}；另停用 {plan.retired:,} 个编码",
        highlight=False,
    )
    if plan.kept_unnamed:
        console.print(
            f"  全量文件没有写到、但下级还在或由本库发出的 {plan.kept_unnamed:,} 个编码保留。",
            highlight=False,
        )
    if not with_lists:
        return
    _show_lines(
        "退回",
        plan.refused,
        [f"第 {c.row} 行“{c.column}”列：{c.reason}。{c.remedy}" for c in plan.conflicts],
    )
    _show_lines(
        "变更",
        plan.changed,
        [
            f"{c.address_code} {c.column}：{c.old or '（空）'} → {c.new or '（空）'}"
            for c in plan.changes
        ],
    )
    _show_lines(
        "停用", plan.retired, [f"{e.address_code} {e.standard_text}" for e in plan.retired_entries]
    )
    if plan.state == "open" and not plan.is_outdated:
        console.print(
            f"执行：kuai library apply {plan.plan_id} --reason 理由；丢弃：kuai library drop {plan.plan_id}",
            highlight=False,
        )


def _show_lines(title: str, count: int, lines: Sequence[str]) -> None:
    if not lines:
        return
    console.print(f"[bold]{title}[/]（{count:,}）", highlight=False)
    for line in lines[:SHOWN_LINES]:
        console.print(f"  {line}", highlight=False, markup=False)
    if max(count, len(lines)) > SHOWN_LINES:
        console.print("  ……余下的见 --json 或门户。")


def show_steps(steps: Sequence[Any], *, as_json: bool) -> None:
    """Steps of the log, one a line."""
    if as_json:
        write_json_answer([step.as_json() for step in steps])
        return
    from kuai.address import library
    from kuai.address.types import EventKind

    words = {kind.value: word for kind, word in library.EVENT_WORDS.items()}
    assert set(words) == set(map(str, EventKind))
    for step in steps:
        what = words.get(step.kind) or {"imported": "导入", "undone": "撤销"}[step.kind]
        about = f"第 {step.undoes} 步" if step.undoes else ""
        undone = f"（已由第 {step.undone_by} 步撤销）" if step.undone_by else ""
        console.print(
            f"[bold]第 {step.number} 步[/]  {step.day or ''}  {what}{about}{undone}  {step.by}：{step.reason}",
            highlight=False,
        )
        for word, codes in (("停用", step.ended), ("新发", step.begun), ("改动", step.changed)):
            if codes:
                more = f" 等 {len(codes)} 个" if len(codes) > 3 else ""
                console.print(f"    {word} {'、'.join(codes[:3])}{more}", highlight=False)
    if not steps:
        console.print("没有。")


def show_resolution(found: Any, record: Any) -> None:
    """Where a code leads, and by which events."""
    from kuai.address import library

    console.print(f"{found.code}  {library.STATE_WORDS[found.state]}", highlight=False)
    for line in found.chain:
        follows = f" → {line.successor_code}" if line.successor_code else "，没有后继"
        console.print(
            f"  {line.happened_on or ''}  {line.address_code}"
            f" {library.STATE_WORDS[line.kind]}{follows}  {line.reason}",
            highlight=False,
        )
    for code in found.successors:
        entry = record.entry(code)
        console.print(
            f"现在：[bold]{code}[/]  {entry.standard_text or entry.name}", highlight=False
        )
    if not found.successors:
        console.print("现在没有地点接替它；理由见上。")


def show_entry(facts: Mapping[str, Any], *, as_json: bool, quiet: bool = False) -> dict[str, Any]:
    """One place with what is known of it; returns the same as plain data."""
    entry = facts["entry"]
    plain = {
        "address_code": entry.address_code,
        "level": entry.level.value,
        "parent_code": entry.parent_code,
        "name": entry.name,
        "standard_text": entry.standard_text,
        "longitude": entry.longitude,
        "latitude": entry.latitude,
        "use": entry.use,
        "state": entry.state.value,
    }
    if quiet:
        return plain
    plain |= {
        "above": [one.address_code for one in facts["above"]],
        "children": facts["children"],
        "aliases": facts["aliases"],
        "identifiers": dict(facts["identifiers"]),
        "successors": list(facts["successors"]),
    }
    if as_json:
        write_json_answer(plain)
        return plain
    from kuai.address import library

    lines = (
        ("级别", library.LEVEL_WORDS[entry.level]),
        ("状态", library.STATE_WORDS[entry.state]),
        ("名称", entry.name),
        ("标准地址", entry.standard_text),
        ("上级", " > ".join(f"{one.name}" for one in facts["above"])),
        ("下级", f"{facts['children']:,} 个在用或规划中"),
        ("用途", entry.use or ""),
        ("点位", f"{entry.longitude}, {entry.latitude}" if entry.longitude is not None else ""),
        ("别名", "；".join(facts["aliases"])),
        ("其他编码", "；".join(f"{scheme} {value}" for scheme, value in facts["identifiers"])),
        ("去向", "、".join(facts["successors"]) if not entry.is_living else ""),
    )
    console.print(f"[bold]{entry.address_code}[/]", highlight=False)
    for title, words in lines:
        if words:
            console.print(f"  {title}：{words}", highlight=False)
    console.print("  编码只说明地点，不证明产权或合法与否。")
    return plain
