"""`kuai offers`: hand what rules offer over, and tell who was missed. `kuai rules`: rehearse, sign, suspend."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from kuai.cli.allowing import account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, read_day
from kuai.cli.output import console, write_json_answer
from kuai.cli.rule_runs import app as rules_app
from kuai.cli.rule_words import CAUSES, STATES, sum_lines
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import local_day, utc_now

app = typer.Typer(help="主动服务  Offers before anybody applies", no_args_is_help=True)
# A cause of few would be about somebody.
SMALLEST_SHOWN = 10
RuleArgument = Annotated[str, typer.Argument(help="规则编号，如 first.turning_60")]


@rules_app.command("state")
def show_states(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """每条规则的状态、为什么、准确率和区间。"""
    require_allowed("rules state")
    opened = open_existing_work_database(store)
    from kuai.services.proactive import queries

    found = queries.list_standings(opened)
    if as_json:
        write_json_answer(
            [
                {
                    "rule": one.rule, "version": one.version, "state": one.state.value, "because": one.because,
                    "responsible": one.responsible, "channel": one.channel, "basis": one.basis,
                    "due_on": one.due_on.isoformat() if one.due_on else None,
                    "right": one.precision.right, "wrong": one.precision.wrong, "unsaid": one.precision.unsaid,
                    "low": one.precision.low, "high": one.precision.high, "floor": one.precision.floor,
                }
                for one in found
            ]
        )  # fmt: skip
        return
    for one in found:
        told = one.precision
        console.print(
            f"[bold]{one.title}[/]  {STATES[one.state.value]}  {told.right} 对 {told.wrong} 错"
            f"（{told.low:.2f}–{told.high:.2f}，下限 {told.floor:.2f}）  {one.because}",
            highlight=False,
        )
        until = f"；期限：{one.due_on}" if one.due_on else ""
        console.print(
            f"  {one.rule}；负责人：{one.responsible}；有异议：{one.channel}{until}",
            highlight=False,
        )


@rules_app.command("rehearse")
def rehearse(
    rule: RuleArgument,
    day: Annotated[str, typer.Option("--day", help="按哪一天算，如 2026-10-31；不写则今天")] = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """演练：在最近几个版本上重放，只给数（各网格、重叠、命中两次、哪些人群偏多）；不向任何人提供什么。"""
    require_allowed("rules rehearse")
    opened = open_existing_work_database(store)
    from kuai.services.proactive import actions

    on = read_day(day) if day else local_day(utc_now())
    by = account_of_operator()
    sums = actions.rehearse_rule(opened, rule, day=on, by=by, at=utc_now())
    if as_json:
        write_json_answer(sums)
        return
    console.print("都是整十的数；“不公布”：少于 10，或为了别人减不出少于 10 的。", highlight=False)
    for line in sum_lines(opened, sums):
        console.print(line, highlight=False)


@rules_app.command("sign")
def sign(rule: RuleArgument, store: StoreOption = DEFAULT_STORE) -> None:
    """以本人名义让规则上线；这一版要演练过，演练的人不能签。"""
    require_allowed("rules sign")
    opened = open_existing_work_database(store)
    from kuai.flows.verdicts import keep_pace
    from kuai.services.proactive import actions

    actions.sign_rule(opened, rule, by=account_of_operator(), at=utc_now())
    keep_pace(opened, at=utc_now())
    console.print(f"{rule} 已上线。", highlight=False)


@rules_app.command("suspend")
def suspend(
    rule: RuleArgument,
    reason: Annotated[str, typer.Option("--reason", help="理由，不写任何人")],
    for_good: Annotated[bool, typer.Option("--for-good", help="撤销，不再恢复")] = False,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """停用规则，已提出的服务暂停；再上线要重新演练、签字。"""
    require_allowed("rules suspend")
    opened = open_existing_work_database(store)
    from kuai.flows.verdicts import keep_pace
    from kuai.services.proactive import actions

    stop = actions.withdraw_rule if for_good else actions.suspend_rule
    stop(opened, rule, because=reason, by=account_of_operator(), at=utc_now())
    keep_pace(opened, at=utc_now())
    console.print(f"{rule} 已{'撤销' if for_good else '停用'}。", highlight=False)


@app.command("hand-over")
def hand_over(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """把最近一次运行里要提供的服务交出去；可以重复，一条发现只提一次。"""
    require_allowed("offers hand-over")
    opened = open_existing_work_database(store)
    from kuai.flows.offers import hand_over_offers

    with opened.writer_lease():
        told = hand_over_offers(opened, at=utc_now())
    if as_json:
        write_json_answer(
            {"findings": told.findings, "offered": told.offered, "waiting": told.waiting,
             "left_alone": told.left_alone, "lapsed": told.lapsed}
        )  # fmt: skip
        return
    console.print(
        f"发现 {told.findings}：已提供 {told.offered}，受阻 {told.waiting}，"
        f"不再提 {told.left_alone}；过期 {told.lapsed}",
        highlight=False,
    )


@app.command("missed")
def list_missed(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """两次都该有、却没有接受也没有谢绝的：是系统的错，按规则和原因给数。"""
    require_allowed("offers missed")
    opened = open_existing_work_database(store)
    from kuai.services.proactive import queries

    missed = queries.list_missed()
    found = Counter((one.rule, one.blocking.value) for one in missed)
    due = {
        key: min(one.due_on for one in missed if (one.rule, one.blocking.value) == key)
        for key in found
    }
    standings = {one.rule: one for one in queries.list_standings(opened)}
    if as_json:
        write_json_answer(
            [
                {
                    "rule": rule, "blocking": cause, "count": count if count >= SMALLEST_SHOWN else None,
                    "due_on": due[rule, cause].isoformat(),
                    "responsible": standings[rule].responsible if rule in standings else None,
                    "channel": standings[rule].channel if rule in standings else None,
                }
                for (rule, cause), count in found.items()
            ]
        )  # fmt: skip
        return
    for (rule, cause), count in sorted(found.items()):
        told = count if count >= SMALLEST_SHOWN else f"少于 {SMALLEST_SHOWN}"
        of = standings.get(rule)
        console.print(
            f"[bold]{of.title if of else rule}[/]  {CAUSES[cause]}：{told}", highlight=False
        )
        who = f"；负责人：{of.responsible}；有异议：{of.channel}" if of else ""
        console.print(f"  {rule}；请在 {due[rule, cause]} 前排除{who}", highlight=False)
    if not found:
        console.print("没有。")
