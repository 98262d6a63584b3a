"""`kuai forms`: registered forms: list and register them, fill a sheet, release it, send an unregistered one back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from kuai.cli.allowing import account_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, require_folder_of, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import DataFault, Where

app = typer.Typer(help="报表准入与填报  Registered forms", no_args_is_help=True)

FormArgument = Annotated[str, typer.Argument(help="准入编号，如 BB-202611-8B3AA9")]
SheetArgument = Annotated[str, typer.Argument(help="一次填报的编号（kuai forms fill 给出）")]
OutOption = Annotated[Path, typer.Option("--out", help="写到这个文件")]
ReasonOption = Annotated[str, typer.Option("--reason", help="理由，不写任何人")]
DAYS = ("expires_on", "period_first", "period_last")


@app.command("list")
def list_registered(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """登记过的报表：编号、名称、送往、状态、有效期。"""
    require_allowed("forms list")
    open_existing_work_database(store)
    from kuai.services.forms import queries

    found = queries.list_forms(on=local_day(utc_now()))
    if as_json:
        write_json_answer(
            [
                {
                    "number": one.number,
                    "title": one.wish.title,
                    "office": one.wish.office,
                    "state": one.state.value,
                    "expires_on": one.wish.expires_on.isoformat(),
                }
                for one in found
            ]
        )
        return
    for one in found:
        console.print(
            f"{one.number}  {one.state.value}  {one.wish.title} → {one.wish.office}"
            f"  至 {one.wish.expires_on}",
            highlight=False,
        )
    if not found:
        console.print("还没有登记过报表。")


@app.command("register")
def register(
    file: Annotated[Path, typer.Argument(help="登记内容（YAML），字段见房间说明")],
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """登记一张报表，等另一人批准；由本人账号办理，账号要是数据管理员。"""
    require_allowed("forms register")
    open_existing_work_database(store)
    from kuai.services.forms import actions

    number = actions.register_form(_wish(file), by=account_of_operator(), at=utc_now())
    console.print(f"已登记 {number}，等另一人批准。", highlight=False)


@app.command("decide")
def decide(
    number: FormArgument,
    move: Annotated[str, typer.Argument(help="approved 批准，refused 不批准，withdrawn 撤销")],
    reason: ReasonOption = "",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """批准、不批准或撤销一张报表；登记人不能自己批准。"""
    require_allowed("forms decide")
    open_existing_work_database(store)
    from kuai.services.forms import actions

    state = actions.decide_form(number, move, reason=reason, by=account_of_operator(), at=utc_now())
    console.print(f"{number}：{state.value}", highlight=False)


@app.command("fill")
def fill(
    number: FormArgument,
    file: Annotated[Path, typer.Argument(help="空白表或半填表（XLSX、XLS、CSV）")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """收一张要填的表，只给各栏的格数；放行以前什么也不写出来。"""
    require_allowed("forms fill")
    opened = open_existing_work_database(store)
    from kuai.services.forms import actions, queries

    by = account_of_operator()
    filling = actions.prepare_filling(
        opened, number, file.read_bytes(), file_name=file.name, by=by, at=utc_now()
    )
    view = queries.view_filling(opened, filling, by=by, on=local_day(utc_now()))
    if as_json:
        columns = [
            {"heading": one.heading, "field": one.field, "counts": dict(one.counts)}
            for one in view.columns
        ]
        write_json_answer({"sheet": filling, "rows": view.rows, "columns": columns})
        return
    console.print(f"{filling}  {view.rows} 行", highlight=False)
    for one in view.columns:
        told = "  ".join(f"{state} {count}" for state, count in sorted(one.counts.items()))
        console.print(f"  {one.heading} = {one.field or '不填'}  {told}", highlight=False)


@app.command("release")
def release(
    sheet: SheetArgument,
    out: OutOption,
    reason: ReasonOption = "",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """以本人名义放行：填好写到文件，名单上每个人的台账各记一条。"""
    require_allowed("forms release")
    opened = open_existing_work_database(store)
    from kuai.services.forms import actions

    require_folder_of(out)
    _, content = actions.release_filling(
        opened, sheet, reason=reason, by=account_of_operator(), at=utc_now()
    )
    # Closed to others before anything stands in it.
    out.touch(mode=0o600)
    out.chmod(0o600)
    out.write_bytes(content)
    console.print(f"已写 {out}", highlight=False)


@app.command("letter")
def letter(
    title: Annotated[str, typer.Argument(help="来的是什么报表")],
    office: Annotated[str, typer.Argument(help="来表单位")],
    out: OutOption,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """给没有准入的报表出一份退回函（PDF）。"""
    require_allowed("forms letter")
    open_existing_work_database(store)
    from kuai.services.forms import actions

    require_folder_of(out)
    number = actions.write_refusal_letter(
        title=title,
        office=office,
        fields=(),
        reasons=("not_registered",),
        by=account_of_operator(),
        at=utc_now(),
    )
    out.write_bytes(actions.read_letter(number))
    console.print(f"{number} 已写 {out}", highlight=False)


@app.command("demo")
def demo(store: StoreOption = DEFAULT_STORE) -> None:
    """在合成数据的库里登记并批准公交集团的名单，供演示；真实数据的库不做。"""
    require_allowed("forms demo")
    open_existing_work_database(store)
    from kuai.flows.demo_forms import seed_demo_forms

    console.print(f"已登记 {seed_demo_forms(at=utc_now())}", highlight=False)


def _wish(file: Path) -> Any:
    from kuai.services.forms.types import FormWish, ListKind

    where = Where(file=file.name)
    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        told |= {name: date.fromisoformat(str(told[name])) for name in DAYS if told.get(name)}
        told["fields"] = tuple(told["fields"])
        told["list_kind"] = ListKind(told.get("list_kind", ""))
        return FormWish(**told)
    except (OSError, yaml.YAMLError, TypeError, KeyError, ValueError) as fault:
        raise DataFault(
            "form.file",
            "登记内容读不出来，或缺字段、多字段",
            where=where,
            remedy="要写 title、office、basis、approval_no、about、fields、area、purpose、expires_on。",
        ) from fault
