"""`kuai as-of`, `kuai history`: an element as of a day and as believed. `kuai replay`: a build made again, compared."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from kuai.cli.allowing import enter_in_ledger, require_allowed, require_history
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption, read_day
from kuai.cli.output import console, shown_progress, write_json_answer
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

EXIT_DIFFERS = 1
STAGE_WORDS = {"in_being": "在", "not_yet": "还没有", "over": "已不在", "unnamed": "已没有来源提到"}


OnOption = Annotated[str, typer.Option("--on", help="哪一天的情形；不写则是建库日")]
BelievedOption = Annotated[
    str, typer.Option("--believed", help="按哪个版本（版本 或 版本:决定序号）所知；不写则按现在")
]
BelievedOnOption = Annotated[
    str, typer.Option("--believed-on", help="按哪一天已发布的版本和已作的决定所知")
]


def as_of(
    code: Annotated[str, typer.Argument(help="编码：房屋、楼栋、O-…、E-…、C-…")],
    on: OnOption = "",
    believed: BelievedOption = "",
    believed_on: BelievedOnOption = "",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个房屋、楼栋或单位在某一天的情形，按当时或现在所知；不列出个人（人口为合成的除外）。"""
    from kuai.cli.work_database import open_existing_work_database
    from kuai.flows.queries import is_synthetic

    require_allowed("as-of")
    opened = open_existing_work_database(store)
    persons = None if is_synthetic(opened) else frozenset[str]()
    _tell(
        opened,
        code,
        on=on,
        believed=_belief(opened, believed, believed_on),
        persons=persons,
        as_json=as_json,
    )


def history(
    code: Annotated[str, typer.Argument(help="编码：P-…，或与凭据写明的人有关的房屋、单位")],
    on: OnOption = "",
    believed: BelievedOption = "",
    believed_on: BelievedOnOption = "",
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """凭据写明的人在某一天的关系：凭据要有 history 一项。查看记入台账。"""
    from kuai.cli.work_database import open_existing_work_database

    opened = open_existing_work_database(store)
    require_allowed("history", store=opened, ticket=ticket)
    persons = require_history(opened, ticket)
    belief = _belief(opened, believed, believed_on)
    # First the entry, then the answer: what is not written down is not shown.
    enter_in_ledger(opened, "viewed_history", count=1, ticket=ticket)
    _tell(opened, code, on=on, believed=belief, persons=persons, as_json=as_json)


def _belief(opened: Store, believed: str, believed_on: str) -> Any:
    from kuai.registry.queries import find_belief

    if believed and believed_on:
        raise Refusal("belief.twice", "--believed 和 --believed-on 只写一个。")
    return find_belief(opened, believed, on=read_day(believed_on) if believed_on else None)


def _tell(
    opened: Store,
    code: str,
    *,
    on: str,
    believed: Any,
    persons: frozenset[str] | None,
    as_json: bool,
) -> None:
    from kuai.registry.queries import state_of

    day = read_day(on) if on else None
    state = state_of(opened, code, on=day, belief=believed, persons=persons)
    if as_json:
        write_json_answer(state.as_json())
    else:
        _show(state)


def _show(state: Any) -> None:
    held = state.belief
    if state.asked_code != state.code:
        console.print(f"{state.asked_code} 现在是 [bold]{state.code}[/]", highlight=False)
    console.print(
        f"[bold]{state.code}[/] {state.element}，{state.on} 那天{STAGE_WORDS[state.stage]}；"
        f"按版本 {held.version}、决定到第 {held.sequence} 号所知",
        highlight=False,
    )
    for name, value in state.values.items():
        if value not in (None, ""):
            console.print(f"  {name}  {value}", highlight=False)
    table = Table(title="那天成立的关系")
    for heading in ("关系", "从", "到", "起", "止", "状态", "来源", "期", "说明"):
        table.add_column(heading)
    for one in state.relations:
        notes = [
            "也许" if one.certainty == "may_hold" else "",
            one.level,
            "建库后所定" if one.is_laid_over else "",
        ]
        table.add_row(
            f"{one.title} {one.relation_no}",
            one.from_code,
            one.to_code,
            str(one.valid_from or "…"),
            str(one.valid_to or "…"),
            one.status,
            one.source,
            one.period,
            " ".join(note for note in notes if note),
        )
    console.print(table)
    for hidden in state.hidden:
        figure = "少于 10，不给出数目" if hidden.figure is None else f"{hidden.figure:,}"
        console.print(f"与个人的关系（不列出）：{hidden.title} {figure}", highlight=False)
    for conflict in state.conflicts:
        console.print(f"[yellow]冲突[/] {conflict.explanation}", highlight=False)
    for event in state.life_events:
        console.print(f"{event.on_day or ''} {event.kind} {event.source}", highlight=False)
    for decision in state.waiting:
        console.print(
            f"第 {decision.sequence} 号决定（{decision.kind}）下次建库时生效", highlight=False
        )


def replay(
    build: Annotated[str, typer.Argument(help="版本，如 b-20261031-0123456789ab")],
    store: StoreOption = DEFAULT_STORE,
    against: Annotated[str, typer.Option("--against", help="与哪个版本比；不写则与它自己")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="重放出来的留在库的 scratch 里")] = False,
    as_json: JsonOption = False,
) -> None:
    """用库里自己的输入和当时为止的决定重建一个版本，逐表比较；不改库里任何东西。"""
    from kuai.cli.work_database import open_existing_work_database

    require_allowed("replay")
    opened = open_existing_work_database(store)
    from kuai.flows.replay import replay_build

    with shown_progress(quiet=as_json) as progress:
        done = replay_build(opened, build, against=against, keep=keep, progress=progress)
    enter_in_ledger(opened, "replayed_build", count=len(done.tables), ticket="", about=build)
    if as_json:
        write_json_answer(done.as_json())
    else:
        _show_replay(done)
    if not done.is_equal:
        raise typer.Exit(EXIT_DIFFERS)


def _show_replay(done: Any) -> None:
    table = Table(title=f"重放 {done.version}（决定到第 {done.decisions_up_to} 号）")
    for heading in ("表", "结果", "当时行数", "现在行数", "随销毁除外", "说明"):
        table.add_column(heading)
    for one in done.tables:
        table.add_row(
            f"{one.zone}/{one.name}",
            "相同" if one.is_equal else "[bold red]不同[/]",
            f"{one.rows_then:,}",
            f"{one.rows_now:,}",
            f"{one.set_aside:,}",
            one.note,
        )
    console.print(table)
    for gone in done.erasures:
        console.print(f"已销毁：{gone.source} {gone.period}（{gone.zone}，{gone.rows:,} 行）")
    for reason in done.reasons:
        console.print(f"与当时不一样：{reason}", highlight=False)
    if done.kept_at:
        console.print(f"留在 {done.kept_at}", highlight=False)
    console.print("逐表相同。" if done.is_equal else "有的表不同。")
