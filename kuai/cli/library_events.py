"""`kuai library event`: what happened to places: split, merge, renumber, rename, demolish, plan, use, move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from kuai.cli.allowing import operator, require_allowed
from kuai.cli.library_output import show_steps
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption, read_day
from kuai.cli.output import console, write_json_answer
from kuai.cli.work_database import open_existing_work_database
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal

app = typer.Typer(help="登记地点的变化  What happened", no_args_is_help=True)

Codes = Annotated[list[str], typer.Argument(metavar="CODE...", help="地址编码")]
Code = Annotated[str, typer.Argument(help="地址编码")]
Begins = Annotated[
    list[str], typer.Option("--begin", help="新地点，写成 名称 或 名称=标准地址，可写多次")
]
Reason = Annotated[str, typer.Option("--reason", help="理由，写进记录")]
Day = Annotated[str, typer.Option("--day", help="哪天发生，如 2026-10-31；不写则今天")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只看会改动什么，不登记")]
Names = Annotated[list[str], typer.Option("--name", help="下级的新名称，编码=新名称，可写多次")]


@app.command("split")
def split(
    code: Code,
    begins: Begins,
    reason: Reason,
    assign: Annotated[
        list[str], typer.Option("--assign", help="下级归谁：编码或名称=新地点的名称，可写多次")
    ] = [],  # noqa: B006 - Typer reads the default, nobody changes it
    rest: Annotated[str, typer.Option("--rest", help="其余下级都归这个新地点")] = "",
    names: Names = [],  # noqa: B006
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个地点拆成几个；每个下级都要说明归谁。"""
    require_allowed("library event split")
    opened = open_existing_work_database(store)
    from kuai.address import library

    new = _new_entries(begins)
    below = library.open_record(opened).children(code)
    asked = {
        "codes": (code,),
        "begins": new,
        "assign": _assigned(below, assign, rest, [one.name for one in new]),
        "names": _pairs(names),
    }
    _happen(opened, "split", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


@app.command("merge")
def merge(
    codes: Codes,
    reason: Reason,
    into: Annotated[str, typer.Option("--into", help="并入哪个现有编码")] = "",
    begin: Annotated[str, typer.Option("--begin", help="合成的新地点：名称 或 名称=标准地址")] = "",
    prefixes: Annotated[
        list[str], typer.Option("--prefix", help="房号重复时，给一栋的房号加前缀：编码=前缀")
    ] = [],  # noqa: B006
    names: Names = [],  # noqa: B006
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """几个地点合成一个，或并入一个现有的；下级都跟过去。"""
    require_allowed("library event merge")
    opened = open_existing_work_database(store)
    asked = {
        "codes": tuple(codes),
        "into": into,
        "begins": _new_entries([begin] if begin else []),
        "prefixes": _pairs(prefixes),
        "names": _pairs(names),
    }
    _happen(opened, "merged", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


@app.command("renumber")
def renumber(
    code: Code,
    begin: Annotated[str, typer.Option("--begin", help="新门牌：名称=标准地址")],
    reason: Reason,
    parent: Annotated[str, typer.Option("--parent", help="换了上级才写")] = "",
    names: Names = [],  # noqa: B006
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个地点改号：换新编码，房屋一一对应，旧编码指向新编码。"""
    require_allowed("library event renumber")
    opened = open_existing_work_database(store)
    asked = {
        "codes": (code,),
        "begins": _new_entries([begin], parent=parent),
        "names": _pairs(names),
    }
    _happen(opened, "renumbered", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


@app.command("rename")
def rename(
    code: Code,
    reason: Reason,
    name: Annotated[str, typer.Option("--name", help="新名称")] = "",
    text: Annotated[str, typer.Option("--text", help="新的标准地址；不写则只换结尾的名称")] = "",
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """一个地点更名：编码不变，旧名成为别名，下级的标准地址跟着改。"""
    require_allowed("library event rename")
    opened = open_existing_work_database(store)
    asked = {"codes": (code,), "new_name": name, "new_text": text}
    _happen(opened, "renamed", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


@app.command("demolish")
def demolish(
    codes: Codes,
    reason: Reason,
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """拆除或注销：楼栋连同房屋停用，编码留着，没有后继。"""
    require_allowed("library event demolish")
    opened = open_existing_work_database(store)
    asked = {"codes": tuple(codes)}
    _happen(opened, "demolished", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


@app.command("plan")
def plan_place(
    begins: Begins,
    parent: Annotated[str, typer.Option("--parent", help="上级编码")],
    level: Annotated[str, typer.Option("--level", help="级别：网格、楼栋、房屋……")],
    reason: Reason,
    rooms: Annotated[list[str], typer.Option("--room", help="楼栋里的房号，可写多次")] = [],  # noqa: B006
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """规划中的新地点：先发编码，启用后再用。"""
    require_allowed("library event plan")
    opened = open_existing_work_database(store)
    asked = {"begins": _new_entries(begins, parent=parent, level=level, rooms=rooms)}
    _happen(opened, "planned", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


@app.command("use")
def take_into_use(
    reason: Reason,
    codes: Annotated[list[str], typer.Argument(metavar="[CODE...]", help="规划中的编码")] = [],  # noqa: B006
    begins: Begins = [],  # noqa: B006
    parent: Annotated[str, typer.Option("--parent", help="新地点的上级编码")] = "",
    level: Annotated[str, typer.Option("--level", help="新地点的级别")] = "",
    rooms: Annotated[list[str], typer.Option("--room", help="楼栋里的房号，可写多次")] = [],  # noqa: B006
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """启用规划中的地点，或新增一个直接启用的。"""
    require_allowed("library event use")
    opened = open_existing_work_database(store)
    asked = {
        "codes": tuple(codes),
        "begins": _new_entries(begins, parent=parent, level=level, rooms=rooms),
    }
    _happen(
        opened, "taken_into_use", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json
    )


@app.command("move")
def move(
    codes: Codes,
    to: Annotated[str, typer.Option("--to", help="新的上级编码")],
    reason: Reason,
    day: Day = "",
    dry_run: DryRun = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """划转到另一个上级：编码不变，层级变。"""
    require_allowed("library event move")
    opened = open_existing_work_database(store)
    asked = {"codes": tuple(codes), "into": to}
    _happen(opened, "moved", asked, reason=reason, day=day, dry_run=dry_run, as_json=as_json)


def _happen(
    store: Any,
    kind: str,
    asked: Mapping[str, Any],
    *,
    reason: str,
    day: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    from kuai.address import library
    from kuai.address.types import EventKind

    on = read_day(day) if day else local_day(utc_now())
    event = library.NewEvent(EventKind(kind), on, reason, **asked)
    if not dry_run:
        show_steps((library.record_event(store, event, by=operator().user_id),), as_json=as_json)
        return
    changes = library.preview_event(store, event).changes
    if as_json:
        write_json_answer([{"code": one.after.address_code, "role": one.role} for one in changes])
        return
    words = {"ended": "停用", "begun": "新发", "changed": "改动"}
    for one in changes:
        console.print(
            f"{words[one.role]}  {one.after.address_code}  {one.after.standard_text or one.after.name}",
            highlight=False,
        )
    console.print("只是看看，没有登记。")


def _new_entries(
    written: Sequence[str], *, parent: str = "", level: str = "", rooms: Sequence[str] = ()
) -> tuple[Any, ...]:
    from kuai.address import library

    levels = {word: known for known, word in library.LEVEL_WORDS.items()}
    levels |= {known.value: known for known in library.LEVEL_WORDS}
    if level and level not in levels:
        raise Refusal(
            "library.level_unknown",
            f"不认识级别“{level}”。",
            next_step=f"写成 {'、'.join(library.LEVEL_WORDS.values())} 之一。",
        )
    found = []
    for one in written:
        name, _, text = one.partition("=")
        found.append(
            library.NewEntry(
                name=name.strip(),
                standard_text=text.strip(),
                level=levels.get(level),
                parent_code=parent,
                rooms=tuple(rooms),
            )
        )
    return tuple(found)


def _pairs(written: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for one in written:
        left, equals, right = one.partition("=")
        if not equals or not left.strip() or not right.strip():
            raise Refusal("library.pair_form", f"“{one}”要写成 编码=文字 的样子。")
        pairs[left.strip()] = right.strip()
    return pairs


def _assigned(
    children: Sequence[Any], written: Sequence[str], rest: str, names: Sequence[str]
) -> dict[str, int]:
    """Child's code -> place of the new entry it goes to; children and new entries may be written by name."""
    asked = _pairs(written)
    strangers = sorted({*asked.values(), *([rest] if rest else [])} - set(names))
    if strangers:
        raise Refusal(
            "library.assign_unknown",
            f"没有叫“{strangers[0]}”的新地点。",
            next_step=f"新地点是：{'、'.join(names)}。",
        )
    known = {one.address_code for one in children} | {one.name for one in children}
    unknown = sorted(set(asked) - known)
    if unknown:
        raise Refusal("library.not_a_child", f"下面没有“{unknown[0]}”。")
    found = {}
    for child in children:
        to = asked.get(child.address_code) or asked.get(child.name) or rest
        if to:
            found[child.address_code] = names.index(to)
    return found
