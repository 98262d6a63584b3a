"""`kuai rules`: which rules there are, whether one may run, running them, and why a finding is there."""

from __future__ import annotations

from typing import Annotated

import typer

from kuai.cli.allowing import enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption, read_day
from kuai.cli.output import console, show_steps, write_json_answer
from kuai.cli.rule_words import ASKS
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

app = typer.Typer(help="规则与发现  Rules and findings", no_args_is_help=True)


@app.command("list")
def list_rules(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """有哪些规则：自带的，和库里 rules/packs 下本单位写的。"""
    from kuai.rules import queries

    require_allowed("rules list")
    rules = queries.list_rules(Store(store))
    if as_json:
        write_json_answer(
            [
                {
                    "rule": one.rule_id, "version": one.version, "title": one.title_zh, "asks": one.asks,
                    "to_whom": one.to_whom, "purpose": one.purpose, "owner": one.owner, "basis": one.basis,
                }
                for one in rules
            ]
        )  # fmt: skip
        return
    for one in rules:
        console.print(f"[bold]{one.rule_id}[/]  {ASKS[one.asks]}  {one.title_zh}", highlight=False)


@app.command("views")
def list_views(as_json: JsonOption = False) -> None:
    """规则能读哪些视图、哪些列，各自从哪里来、能用于什么。"""
    from kuai.rules import queries

    require_allowed("rules views")
    views = queries.list_views()
    if as_json:
        write_json_answer(
            {
                view.name: {
                    one.name: {"type": one.type, "title": one.title_zh, "from": one.comes_from,
                               "level": one.level.name, "purposes": one.purposes}
                    for one in view.columns
                }
                for view in views
            }
        )  # fmt: skip
        return
    for view in views:
        console.print(f"[bold]{view.name}[/]  {view.title_zh}：{view.row}", highlight=False)
        for one in view.columns:
            only = f"（只用于 {'、'.join(one.purposes)}）" if one.purposes else ""
            console.print(f"  {one.name}  {one.type}  {one.title_zh}{only}", highlight=False)


@app.command("check")
def look_through_rules(
    rule: Annotated[str, typer.Argument(help="规则编号，如 first.turning_60；不写则全部")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """规则能不能运行：读了哪些列、是否允许，例子对不对；不能的说出文件、行、列和怎么改。"""
    from kuai.rules import queries

    require_allowed("rules check")
    opened = Store(store)
    rules = (queries.get_rule(rule, opened),) if rule else queries.list_rules(opened)
    found = {one.rule_id: [str(fault) for fault in queries.check_rule(one)] for one in rules}
    tried = {one.rule_id: [str(fault) for fault in queries.check_examples(one)] for one in rules}
    if as_json:
        write_json_answer({name: faults + tried[name] for name, faults in found.items()})
    else:
        for name, faults in found.items():
            may = "不能运行" if faults else "可以运行，但例子有出入" if tried[name] else "可以运行"
            console.print(f"[bold]{name}[/]  {may}", highlight=False)
            for fault in faults + tried[name]:
                # Not as markup: what stands in brackets is the rule's own.
                console.print(f"  {fault}", highlight=False, markup=False)
    if any(found.values()) or any(tried.values()):
        raise typer.Exit(3)


@app.command("run")
def run_rules(
    day: Annotated[str, typer.Option("--day", help="按哪一天算，如 2026-10-31；不写则今天")] = "",
    anew: Annotated[bool, typer.Option("--anew", help="全部重算，不只算变化")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """在已发布的版本上运行全部规则，只显示数；上次运行还在的，只算变化和日子的流逝。"""
    require_allowed("rules run")
    opened = Store(store)
    opened.current_build()
    from kuai.cli.work_database import open_work_database

    open_work_database(store)
    from kuai.flows.care_bits import care_rows
    from kuai.rules import actions, queries

    now = utc_now()
    on = read_day(day) if day else local_day(now)
    with opened.writer_lease():
        run = actions.run_rules(
            opened,
            day=on,
            overlay=queries.overlay_of(opened, day=on),
            declared=care_rows(opened, on=on, at=now),
            anew=anew,
        )
    if as_json:
        write_json_answer(
            {"build": run.build, "day": run.day, "way": run.way, "findings": run.findings, "new": run.new,
             "gone": run.gone,
             "rules": {one.rule: {"findings": one.findings, "population": one.population, "refused": one.refused}
                       for one in run.counts}}
        )  # fmt: skip
        return
    way = "全部" if run.way == "whole" else "变化"
    console.print(
        f"版本 {run.build}，{run.day}，按{way}：{run.findings:,} 条，新 {run.new:,}，消除 {run.gone:,}",
        highlight=False,
    )
    titles = {one.rule_id: one.title_zh for one in queries.list_rules(opened)}
    for one in sorted(run.counts, key=lambda count: count.rule):
        told = one.refused or f"{one.findings:,}"
        title = "" if one.refused else titles.get(one.rule, "")
        console.print(f"  {one.rule}  {told}  {title}", highlight=False)


@app.command("findings")
def list_findings(
    rule: Annotated[str, typer.Argument(help="规则编号，如 first.turning_60")],
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="最多几条")] = 20,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一条规则最近一次找到的：发现编号、第一次找到的日子、把握；说的是谁要用 explain 看。"""
    from kuai.rules import queries

    require_allowed("rules findings")
    opened = Store(store)
    named = queries.get_rule(rule, opened).rule_id
    found = queries.list_findings(opened, rule=named, limit=limit)
    if as_json:
        write_json_answer(
            [
                {"finding": one.finding_id, "first_found": one.first_found, "confidence": one.confidence}
                for one in found
            ]
        )  # fmt: skip
        return
    for one in found:
        console.print(
            f"{one.finding_id}  {one.first_found}  把握 {one.confidence:g}", highlight=False
        )
    if not found:
        console.print("最近一次运行没有找到。", highlight=False)


@app.command("explain")
def explain_finding(
    finding: Annotated[str, typer.Argument(help="发现编号，如 F-0F9C2B93DF3FCD09")],
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """一条发现为什么在：哪条规则、哪些行、什么日子、多大把握、什么会消除它。"""
    from kuai.rules import queries

    opened = Store(store)
    persons = require_allowed("rules explain", store=opened, ticket=ticket)
    if not finding.startswith("F-"):
        raise Refusal(
            "finding.form", "这不是发现编号。", next_step="写成 F-0F9C2B93DF3FCD09 的样子。"
        )
    steps = queries.explain_finding(opened, finding, persons=persons)
    enter_in_ledger(opened, "explained_finding", count=1, ticket=ticket)
    steps += _who_answers(opened, finding)
    show_steps(steps, as_json=as_json)


def _who_answers(store: Store, finding_id: str) -> list[tuple[str, str]]:
    from kuai.guard import officials
    from kuai.rules import queries
    from kuai.services.proactive.queries import tell_deadline

    found = queries.get_finding(store, finding_id)
    owner = queries.get_rule(found.rule, store).owner
    due_on, is_paused = tell_deadline(found)
    return [
        ("负责人", officials.speak_of(owner)),
        ("有异议找", officials.where_to_object(owner)),
        ("期限", "停着，等异议有结果" if is_paused else due_on.isoformat()),
    ]
