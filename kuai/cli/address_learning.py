"""`kuai aliases`, `kuai proposals`, `kuai applications`: what the address room learnt and applies for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, require_folder_of, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal

aliases = typer.Typer(
    help="别名：确认一段文字就是一处，可撤回  Confirmed texts", no_args_is_help=True
)
proposals = typer.Typer(
    help="建议：库里没有、几个来源都写到的房屋  Proposals", no_args_is_help=True
)
applications = typer.Typer(help="给地址库主管单位的申请  Applications", no_args_is_help=True)

NO_TITLE = "门牌和编码不代表产权；这里只说房屋，不说人，不是执法线索。"
ReasonOption = Annotated[str, typer.Option("--reason", help="理由（不写人）")]
NumberArgument = Annotated[str, typer.Argument(help="申请单号，如 DZ-2026-000001")]


@aliases.command("list")
def list_aliases(
    store: StoreOption = DEFAULT_STORE,
    everything: Annotated[bool, typer.Option("--all", help="已撤回的也列")] = False,
    as_json: JsonOption = False,
) -> None:
    """确认或给出的别名：谁、什么时候、为什么。"""
    require_allowed("aliases list")
    open_existing_work_database(store)
    from kuai.address import learning

    found = learning.list_aliases(live_only=not everything)
    if as_json:
        write_json_answer([_plain(one) for one in found])
        return
    for one in found:
        state = f"已撤回（{one.revoked_reason}）" if one.is_revoked else one.kind.value
        console.print(
            f"{one.number}  “{one.text}” → {one.address_code}  {state}  {one.recorded_by}：{one.reason}",
            highlight=False,
        )
    if not found:
        console.print("没有。")


@aliases.command("confirm")
def confirm_alias(
    text: Annotated[str, typer.Argument(help="原文；只保存其中说地点的部分")],
    code: Annotated[str, typer.Argument(help="它就是哪里：地址编码")],
    reason: ReasonOption,
    kept: Annotated[str, typer.Option("--keep", help="将保存的文字；不写则由系统截取")] = "",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """确认一段文字就是一处；下次构建起按此认（B 级）。"""
    require_allowed("aliases confirm")
    opened = open_existing_work_database(store)
    from kuai.address import learning
    from kuai.flows.address_upkeep import open_built_library

    built = open_built_library(opened)
    place = built.find_place(code)
    kept = kept or built.library.place_part(text)
    alias = learning.confirm_pair(
        learning.Pair(text, kept, place, reason),
        store=opened,
        library=built.library,
        by=account_of_operator(),
        at=utc_now(),
    )
    console.print(
        f"已记下 {alias.number}：“{alias.text}” → {place.standard_text}（{code}）。",
        highlight=False,
    )
    console.print(
        f"下次构建起生效；撤回：kuai aliases revoke {alias.number} --reason …", highlight=False
    )


@aliases.command("revoke")
def revoke_alias(
    number: Annotated[int, typer.Argument(help="别名编号，见 kuai aliases list")],
    reason: ReasonOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """撤回一条别名；下次构建起不再生效，记录留着。"""
    require_allowed("aliases revoke")
    open_existing_work_database(store)
    from kuai.address import learning

    alias = learning.revoke_pair(number, reason=reason, by=account_of_operator(), at=utc_now())
    console.print(f"已撤回 {number}：“{alias.text}”。", highlight=False)


@proposals.command("list")
def list_proposals(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """你辖区里待办的建议，最多 50 条；要整批处理请起草申请。"""
    require_allowed("proposals list")
    open_existing_work_database(store)
    from kuai.address import learning

    found = learning.list_proposals(account_of_operator())
    if as_json:
        write_json_answer([_plain(one) for one in found])
        return
    console.print(NO_TITLE, highlight=False)
    for one in found:
        console.print(
            f"{one.number}  {learning.KIND_WORDS[learning.ApplicationKind(one.kind.value)]}"
            f"  {one.place_text}：{'、'.join(one.parts)}"
            f"  {one.sources} 个来源，至少 {one.at_least_rows} 行",
            highlight=False,
        )
    if not found:
        console.print("没有。")


@proposals.command("refresh")
def refresh_proposals(store: StoreOption = DEFAULT_STORE) -> None:
    """按已发布的版本更新建议。"""
    require_allowed("proposals refresh")
    opened = open_existing_work_database(store)
    from kuai.flows.address_upkeep import refresh_address_proposals

    receipt = refresh_address_proposals(opened, by=account_of_operator(), at=utc_now())
    console.print(f"{receipt.kept} 条建议；{receipt.refused} 处证据不足，不列。", highlight=False)


@applications.command("list")
def list_applications(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """你辖区里的申请单和状态。"""
    require_allowed("applications list")
    open_existing_work_database(store)
    from kuai.address import learning

    found = learning.list_applications(account_of_operator())
    if as_json:
        write_json_answer([_plain(one) for one in found])
        return
    for one in found:
        due = f"  {one.due_on} 前答复" if one.due_on else ""
        console.print(
            f"{one.number}  {learning.KIND_WORDS[one.kind]}  {one.place_text}"
            f"  {learning.STATE_WORDS[one.state]}{due}",
            highlight=False,
        )
    if not found:
        console.print("没有。")


@applications.command("draft")
def draft_application(
    proposal: Annotated[int, typer.Argument(help="建议编号，见 kuai proposals list")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """由一条建议起草申请，依据一并带上。"""
    require_allowed("applications draft")
    open_existing_work_database(store)
    from kuai.address import learning

    one = learning.open_from_proposal(proposal, by=account_of_operator(), at=utc_now())
    console.print(
        f"已起草 {one.number}；报送：kuai applications file {one.number}", highlight=False
    )


@applications.command("file")
def file_application(number: NumberArgument, store: StoreOption = DEFAULT_STORE) -> None:
    """报送给主管单位；答复期限从此起算。"""
    _step(
        "applications file", store, lambda learning, **who: learning.file_application(number, **who)
    )


@applications.command("withdraw")
def withdraw_application(
    number: NumberArgument, reason: ReasonOption, store: StoreOption = DEFAULT_STORE
) -> None:
    """撤回一份申请；由建议起草的，建议重新待办。"""
    _step(
        "applications withdraw",
        store,
        lambda learning, **who: learning.withdraw_application(number, reason=reason, **who),
    )


@applications.command("export")
def export_form(
    out: Annotated[Path, typer.Argument(help="写到哪个 XLSX")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """把已报送的申请导出成申请单（XLSX），交给主管单位。"""
    require_allowed("applications export")
    require_folder_of(out)
    open_existing_work_database(store)
    from kuai.address import learning
    from kuai.guard import access
    from kuai.kit.atomic_files import replace_when_complete

    actor = account_of_operator()
    filed = learning.list_applications(actor, state=learning.ApplicationState.FILED.value)
    with replace_when_complete(out) as scratch, scratch.open("wb") as target:
        learning.write_form(map(learning.form_line, filed), target)
    access.record_entry(
        actor=actor,
        action="exported_address_applications",
        object_kind="application",
        object_refs=tuple(one.number for one in filed),
        purpose="address_upkeep",
        count=len(filed),
        at=utc_now(),
    )
    console.print(f"写了 {len(filed)} 份申请单：{out}", highlight=False)


@applications.command("answer")
def take_in_answers(
    form: Annotated[Path, typer.Argument(help="主管单位填好答复的申请单（XLSX）")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """导入答复：采纳的记入地址库，退回的带着理由。报送的人不能自己答复。"""
    require_allowed("applications answer")
    opened = open_existing_work_database(store)
    from kuai.address import learning, library

    actor = account_of_operator()

    def record(event: library.NewEvent) -> int:
        return library.record_event(opened, event, by=actor.user_id).number

    refused = 0
    for one in learning.read_answers(form, file=form.name):
        try:
            state = learning.answer_application(one, record=record, by=actor, at=utc_now()).state
        except Refusal as refusal:
            refused += 1
            console.print(f"{one.number}  没有办成：{refusal}", highlight=False)
        else:
            console.print(f"{one.number}  {learning.STATE_WORDS[state]}", highlight=False)
    if refused:
        raise Refusal("application.some_refused", f"{refused} 份没有办成，见上。")


def _step(name: str, store: Path, take: Callable[..., Any]) -> None:
    require_allowed(name)
    open_existing_work_database(store)
    from kuai.address import learning

    one = take(learning, by=account_of_operator(), at=utc_now())
    console.print(f"{one.number}  {learning.STATE_WORDS[one.state]}", highlight=False)


def _plain(one: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(one)
