"""`kuai decide`: what people decide about records and facts; each act under the operator's own account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import Persons, account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, TicketOption, read_day
from kuai.cli.output import console, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal

app = typer.Typer(
    help="人的决定：同一、不同、核实、异议、撤回  People's decisions", no_args_is_help=True
)

ReasonOption = Annotated[str, typer.Option("--reason", help="理由（不写姓名和号码）")]
MentionsArgument = Annotated[
    list[str], typer.Argument(metavar="MENTION_KEY...", help="记录键，如 police:1#subject")
]
FactArgument = Annotated[
    str, typer.Argument(metavar="FACT", help="“关系|从编码|到编码”，或“birth_date|人的编码”")
]
EvidenceKindOption = Annotated[
    str,
    typer.Option(
        "--evidence",
        help="佐证：paper_seen | visit | department_answer | owner_declaration | own_declaration",
    ),
]
EvidenceRefOption = Annotated[
    str, typer.Option("--evidence-ref", help="佐证的编号（不含个人信息）")
]


@app.command("same")
def decide_same(
    mentions: MentionsArgument, reason: ReasonOption, store: StoreOption = DEFAULT_STORE
) -> None:
    """这些记录是同一个人（单位）；下次构建起照办，机器不再改。"""
    _record("same", mentions, {}, reason=reason, store=store)


@app.command("different")
def decide_different(
    mentions: MentionsArgument, reason: ReasonOption, store: StoreOption = DEFAULT_STORE
) -> None:
    """这两条记录不是同一个人（单位）。"""
    _record("different", mentions, {}, reason=reason, store=store)


@app.command("split")
def split_records(
    leaving: MentionsArgument,
    staying: Annotated[
        list[str], typer.Option("--staying", help="留下的记录键；可写多次，至少一条")
    ],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """把这些记录从一个人（单位）里分出去：它们彼此同一，与留下的都不同。"""
    _record("split", leaving, {"staying": staying}, reason=reason, store=store)


@app.command("alias")
def name_alias(
    code: Annotated[str, typer.Argument(metavar="CODE", help="从今不再用的编码")],
    stands_for: Annotated[str, typer.Argument(metavar="STANDS_FOR", help="它指的编码")],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """一个编码指的就是另一个编码。"""
    _record("alias", [code, stands_for], {}, reason=reason, store=store)


@app.command("life-cycle")
def tell_life_cycle(
    codes: Annotated[list[str], typer.Argument(metavar="CODE...", help="人、单位或处所的编码")],
    event: Annotated[
        str,
        typer.Option(
            "--event",
            help="人 birth|arrival|departure|death；单位 founded|changed|ended；楼 planned|built|demolished",
        ),
    ],
    on: Annotated[str, typer.Option("--on", help="哪一天（2026-10-01）")],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """一个人、单位或楼在某日到来、变更或终止。"""
    detail = {"event": event, "on": read_day(on).isoformat()}
    _record("life_cycle", codes, detail, reason=reason, store=store)


@app.command("verify")
def verify_fact(
    fact: FactArgument,
    level: Annotated[
        str, typer.Option("--level", help="community | subdistrict | department，逐级")
    ],
    evidence: EvidenceKindOption,
    evidence_ref: EvidenceRefOption,
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """核实一条事实，升入基础库的下一级：社区、街道、部门，不能跳级。"""
    require_allowed("decide verify")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    detail = {"level": level, "evidence_kind": evidence, "evidence_ref": evidence_ref}
    by = account_of_operator()
    sequence = decisions.promote_fact(
        opened, fact, detail=detail, reason=reason, by=by, at=utc_now()
    )
    _say(sequence)


@app.command("object")
def contest_fact(
    fact: FactArgument,
    says: Annotated[
        str,
        typer.Option(
            "--says", help="怎么不对：never_lived | moved_out | wrong_person | typo | other"
        ),
    ],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """对一条事实提出异议：立即停用，并向说这话的部门开校核单。"""
    require_allowed("decide object")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    if says not in set(decisions.Objection):
        raise Refusal("decision.says", "异议只能是 --says 列出的几种。")
    contested = decisions.contest_fact(
        opened,
        fact,
        says=decisions.Objection(says),
        reason=reason,
        by=account_of_operator(),
        at=utc_now(),
    )
    if as_json:
        write_json_answer(asdict(contested))
        return
    _say(contested.sequence)
    for case in contested.cases:
        console.print(
            f"校核单 {case.number}  {case.department}  {case.due_on} 前答复", highlight=False
        )


@app.command("retract")
def retract_fact(
    fact: FactArgument, reason: ReasonOption, store: StoreOption = DEFAULT_STORE
) -> None:
    """一条事实从来不属实：以后的报送再说也不用。有校核单的在校核单上办结。"""
    _decide_fact("retract", fact, {}, reason=reason, store=store)


@app.command("end")
def end_fact(
    fact: FactArgument,
    on: Annotated[str, typer.Option("--on", help="从哪一天起不再如此（2026-10-01）")],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """一条事实自某日起终止。"""
    _decide_fact("end", fact, {"on": read_day(on).isoformat()}, reason=reason, store=store)


@app.command("withdraw")
def withdraw_decision(
    sequence: Annotated[int, typer.Argument(help="决定的编号，见 kuai decide list")],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """撤回一个决定；两条都留着。"""
    require_allowed("decide withdraw")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    number = decisions.withdraw_decision(
        sequence, reason=reason, by=account_of_operator(), at=utc_now(), store=opened
    )
    console.print(f"已撤回决定 {sequence}（记为 {number}）。", highlight=False)


@app.command("list")
def list_decisions(
    key: Annotated[str, typer.Option("--about", help="只列与这个编码、记录键或事实有关的")] = "",
    living: Annotated[bool, typer.Option("--in-force", help="只列没有撤回的")] = False,
    store: StoreOption = DEFAULT_STORE,
    ticket: TicketOption = "",
    as_json: JsonOption = False,
) -> None:
    """决定的清单：编号、种类、对象、理由。真实数据的库里只列凭据写明的人。"""
    opened = open_existing_work_database(store)
    persons = require_allowed("decide list", store=opened, ticket=ticket)
    from kuai.registry import queries

    found = [
        one
        for one in queries.list_decisions(key=key, living_only=living)
        if _may_show(one.subjects, persons)
    ]
    if as_json:
        write_json_answer([asdict(one) for one in found])
        return
    for one in found:
        state = "  已撤回" if one.is_withdrawn else ""
        said = "，".join(f"{name}={value}" for name, value in one.detail.items())
        console.print(
            f"{one.sequence}  {one.kind.value}  {'、'.join(one.subjects)}  {said}  {one.reason}{state}",
            highlight=False,
        )
    if not found:
        console.print("没有。")


def _may_show(subjects: tuple[str, ...], persons: Persons | None) -> bool:
    """Everybody where all are invented; else what names no person, or only persons of the ticket."""
    if persons is None:
        return True
    named = {part for key in subjects for part in key.split("|") if part.startswith("P-")}
    is_of_places = all("#" not in key for key in subjects)
    return named <= persons if named else is_of_places


def _record(
    kind: str, subjects: list[str], detail: Mapping[str, Any], *, reason: str, store: Path
) -> None:
    require_allowed(f"decide {kind.replace('_', '-')}")
    open_existing_work_database(store)
    from kuai.registry import decisions

    _say(
        decisions.record_decision(
            decisions.DecisionKind(kind),
            subjects,
            detail=detail,
            reason=reason,
            by=account_of_operator(),
            at=utc_now(),
        )
    )


def _decide_fact(
    kind: str, fact: str, detail: Mapping[str, str], *, reason: str, store: Path
) -> None:
    require_allowed(f"decide {kind}")
    opened = open_existing_work_database(store)
    from kuai.registry import decisions

    _say(
        decisions.decide_fact(
            opened,
            decisions.DecisionKind(kind),
            fact,
            detail=detail,
            reason=reason,
            by=account_of_operator(),
            at=utc_now(),
        )
    )


def _say(sequence: int) -> None:
    console.print(
        f"已记下决定 {sequence}；撤回：kuai decide withdraw {sequence} --reason …", highlight=False
    )
