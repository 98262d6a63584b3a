"""`kuai accounts`: opening, listing and closing logins, by the security administrator.

A new store has none, so that whoever sits at the machine may open the first: the security administrator's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from kuai.cli.allowing import login_of_operator, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, write_json_answer
from kuai.cli.secret_files import read_secret_line
from kuai.cli.work_database import open_existing_work_database, open_work_database
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal

app = typer.Typer(help="账号：开通、停用、清单（安全管理员）  Accounts", no_args_is_help=True)

# The ledger's words for "this login began to be".
OPENINGS = ("account.opened", "account.demo_opened")
ENTRIES_A_PAGE = 500


@dataclass(frozen=True)
class AccountLine:
    """A login as the list shows it: no name, because the list is for looking after logins, not people."""

    login: str
    role: str
    areas: tuple[str, ...]
    is_active: bool


@app.command("open")
def open_account(
    login: Annotated[str, typer.Argument(help="登录名；要用命令行的人，与操作系统的用户名相同")],
    role: Annotated[Role, typer.Option("--role", help="角色（英文词见词汇表）")],
    name: Annotated[str, typer.Option("--name", help="显示的姓名")],
    staff_no: Annotated[
        str, typer.Option("--staff-no", help="工号：一个人一个账号；居民账号没有工号，不写")
    ] = "",
    areas: Annotated[
        list[str] | None,
        typer.Option("--area", help="负责的块，如 440310/440310001；可写多次；/ 表示全部"),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="口令在这个文件的第一行；不写则当面输入")
    ] = None,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """开通一个账号；本人首次登录门户时改口令。库里的第一个账号是安全管理员，可在本机开通。"""
    require_allowed("accounts open")
    if role is not Role.RESIDENT and not staff_no:
        raise Refusal(
            "account.staff_no", "工作人员的账号必须写明工号。", next_step="加上 --staff-no 工号。"
        )
    open_work_database(store)
    from kuai.guard import access

    opener = _opener(role)
    wish = access.NewAccount(
        username=login,
        display_name=name,
        role=role,
        # The guard writes the whole as the empty path, which nobody can type on a command line with ease.
        areas=tuple("" if area == "/" else area for area in areas or ()),
        staff_no=staff_no,
    )
    access.open_account(wish, password=_password(password_file), by=opener, at=utc_now())
    console.print(f"已开通 {login}（{role.value}）。", highlight=False)


@app.command("close")
def close_account(
    login: Annotated[str, typer.Argument(help="登录名")], store: StoreOption = DEFAULT_STORE
) -> None:
    """停用一个账号：马上不能登录，手上的凭据失效。"""
    require_allowed("accounts close")
    open_existing_work_database(store)
    from kuai.guard import access

    access.close_account(login, by=_security_administrator(), at=utc_now())
    console.print(f"已停用 {login}。", highlight=False)


@app.command("list")
def list_accounts(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """账号清单：登录名、角色、区域、是否在用。"""
    require_allowed("accounts list")
    open_existing_work_database(store)
    _security_administrator()
    lines = account_lines()
    if as_json:
        write_json_answer([vars(line) for line in lines])
        return
    for line in lines:
        areas = "、".join(area or "/" for area in line.areas)
        state = "在用" if line.is_active else "已停用"
        console.print(f"{line.login}  {line.role}  {state}  {areas}".rstrip(), highlight=False)


def account_lines() -> tuple[AccountLine, ...]:
    """Every login that was ever opened, by name. From the ledger, because the guard lists no accounts."""
    from kuai.guard import queries

    lines = []
    for login, role in sorted(_opened_logins().items()):
        actor = queries.find_actor_by_login(login)
        lines.append(
            AccountLine(
                login=login,
                role=actor.role.value if actor else role,
                areas=actor.areas if actor else (),
                is_active=actor is not None,
            )
        )
    return tuple(lines)


def _opened_logins() -> dict[str, str]:
    """Login and the role it was opened with."""
    from kuai.guard import ledger
    from kuai.guard.ledger_types import LedgerFilter

    opened: dict[str, str] = {}
    for action in OPENINGS:
        cursor: int | None = None
        while True:
            page = ledger.list_entries(
                LedgerFilter(action=action), limit=ENTRIES_A_PAGE, cursor=cursor
            )
            for entry in page.entries:
                opened.setdefault(entry.objects[0], entry.fields[0])
            cursor = page.next_cursor
            if cursor is None:
                break
    return opened


def _opener(role: Role) -> Actor:
    """Who opens: the security administrator; where none is active yet, whoever sits at the machine opens that one."""
    if _has_security_administrator():
        return _security_administrator()
    if role is not Role.SECURITY_ADMINISTRATOR:
        raise Refusal(
            "account.first",
            "这个库还没有安全管理员，第一个账号只能是安全管理员。",
            next_step="先运行 kuai accounts open LOGIN --role security_administrator --name … --staff-no …。",
        )
    return Actor(user_id=f"os:{login_of_operator()}", role=Role.SECURITY_ADMINISTRATOR)


def _has_security_administrator() -> bool:
    return any(
        line.is_active and line.role == Role.SECURITY_ADMINISTRATOR.value
        for line in account_lines()
    )


def _security_administrator() -> Actor:
    from kuai.guard import queries

    login = login_of_operator()
    actor = queries.find_actor_by_login(login)
    if actor is None or actor.role is not Role.SECURITY_ADMINISTRATOR:
        raise Refusal(
            "account.not_yours",
            f"账号由安全管理员管理，系统用户“{login}”不是。",
            next_step="请安全管理员用自己的系统用户运行这个命令。",
        )
    return actor


def _password(path: Path | None) -> str:
    if path is None:
        return str(typer.prompt("口令", hide_input=True, confirmation_prompt="再输一次"))
    return read_secret_line(path)
