"""`kuai backup` and `kuai restore`: a store put aside, and made again from what was put aside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from kuai.cli.allowing import account_of_operator, enter_in_ledger, require_allowed
from kuai.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from kuai.cli.output import console, shown_progress, write_json_answer
from kuai.cli.secret_files import read_secret_line
from kuai.cli.work_database import has_work_database, is_up_to_date, make_tables
from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="备份口令在这个文件的第一行（权限 600）；两份都用它加密"
    ),
]


def backup(
    target: Annotated[
        Path, typer.Argument(help="备份放到哪个文件夹；与 --verify 同用时是要核对的那一份")
    ],
    keys_to: Annotated[
        Path | None, typer.Option("--keys-to", help="密钥备份放到另一个文件夹；必须同时给口令文件")
    ] = None,
    passphrase_file: PassphraseOption = None,
    verify: Annotated[bool, typer.Option("--verify", help="不做备份，核对一份已有的备份")] = False,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """备份一个库：数据一份，密钥另一份。门户在用、正在构建时也可以做。"""
    require_allowed("backup")
    if verify:
        _verify(target, as_json=as_json)
        return
    opened = Store(store.resolve())
    if not has_work_database(opened):
        raise Refusal(
            "store.none", f"{store} 不是一个库。", next_step="检查 --store（或 KUAI_STORE）。"
        )
    if keys_to is not None:
        _require_key_keeper(opened)
    from kuai.flows.backup import make_backup

    with shown_progress(quiet=as_json) as progress:
        made = make_backup(
            opened,
            target,
            at=utc_now(),
            database_url=os.environ.get("KUAI_DATABASE_URL", ""),
            keys_target=keys_to,
            passphrase=read_secret_line(passphrase_file) if passphrase_file else "",
            progress=progress,
        )
    if is_up_to_date(opened):
        enter_in_ledger(opened, "store.backed_up", count=len(made.manifest.files), ticket="")
    answer = {
        "backup": str(made.data),
        "files": len(made.manifest.files),
        "bytes": made.manifest.size_bytes,
        "rows": sum(made.card.rows.values()),
        "ledger_entries": made.card.ledger_size,
        "ledger_chain": made.card.ledger_chain,
        "sealed": made.manifest.envelope is not None,
        "keys": str(made.keys) if made.keys else None,
    }
    if as_json:
        write_json_answer(answer)
        return
    _tell_backup(answer)


def _tell_backup(answer: dict[str, Any]) -> None:
    console.print(
        f"已备份到 {answer['backup']}：{answer['files']:,} 个文件，{answer['bytes'] / 1e6:,.1f} MB，"
        f"工作库 {answer['rows']:,} 行，台账已封存 {answer['ledger_entries']:,} 条。",
        highlight=False,
    )
    if answer["keys"]:
        console.print(
            f"密钥另存在 {answer['keys']}（已加密）。两份交给两个人、放两个地方：谁拿到两份和口令，谁就拿到一切。",
            highlight=False,
        )
    else:
        console.print(
            "密钥没有备份（--keys-to 和 --passphrase-file）。没有密钥，封存的原件恢复以后读不出来。",
            highlight=False,
        )


def _verify(part: Path, *, as_json: bool) -> None:
    from kuai.flows.backup import verify_backup

    with shown_progress(quiet=as_json) as progress:
        manifest = verify_backup(part, progress=progress)
    if as_json:
        write_json_answer(
            {
                "backup": str(part),
                "kind": manifest.kind,
                "files": len(manifest.files),
                "whole": True,
            }
        )
        return
    what = "数据" if manifest.kind == "data" else "密钥"
    console.print(
        f"完好：{what}备份 {manifest.name}，{manifest.made_at[:16]} 做的，{len(manifest.files):,} 个文件。",
        highlight=False,
    )
    console.print(
        "核对只认得出意外损坏：清单的校验值不带密钥，有意的改动能连它一起改。"
        + ("加密的备份在恢复时还要凭口令核对清单。" if manifest.envelope else ""),
        highlight=False,
    )


def restore(
    part: Annotated[Path, typer.Argument(help="要恢复的那一份数据备份（文件夹）")],
    store: Annotated[Path, typer.Option("--store", help="恢复到哪里：一个还没有的库")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="密钥备份（文件夹）；密钥已在原处的不用写")
    ] = None,
    passphrase_file: PassphraseOption = None,
    open_data: Annotated[
        bool, typer.Option("--open-data", help="数据备份本来就没有加密，口令只用来打开密钥备份")
    ] = False,
    erasures_from: Annotated[
        list[Path] | None,
        typer.Option(
            "--erasures-from",
            help="比备份新的密钥文件夹或台账文件夹：备份以后销毁过的，恢复后再销毁一次；可写多次",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """从备份恢复成一个新库。不覆盖任何已有的东西；备份有一处不对就不恢复。"""
    require_allowed("restore")
    from kuai.flows.restore import KeysPart, restore_backup

    target = Store(store.resolve())
    passphrase = read_secret_line(passphrase_file) if passphrase_file else ""
    with shown_progress(quiet=as_json) as progress:
        restored = restore_backup(
            part,
            target,
            passphrase="" if open_data else passphrase,
            keys=KeysPart(keys, passphrase) if keys else None,
            database_url=os.environ.get("KUAI_DATABASE_URL", ""),
            make_tables=lambda steps: make_tables(target, steps),
            erasures_from=tuple(erasures_from or ()),
            progress=progress,
        )
    upgrade_first = not is_up_to_date(target)
    if not upgrade_first and restored.has_keys:
        enter_in_ledger(target, "store.restored", count=restored.files, ticket="")
    answer = {
        "store": str(restored.store),
        "files": restored.files,
        "rows": sum(restored.card.rows.values()),
        "ledger_entries": restored.card.ledger_size,
        "ledger_chain": restored.card.ledger_chain,
        "build": restored.build,
        "has_keys": restored.has_keys,
        "done_again": restored.done_again,
        "not_done_again": restored.untold,
        "upgrade_first": upgrade_first,
    }
    if as_json:
        write_json_answer(answer)
        return
    _tell_restored(answer)


def _tell_restored(answer: dict[str, Any]) -> None:
    lines = [
        f"已恢复到 {answer['store']}：{answer['files']:,} 个文件，工作库 {answer['rows']:,} 行，逐表数目相符，"
        f"台账 {answer['ledger_entries']:,} 条，链头相符。"
    ]
    if not answer["has_keys"]:
        lines.append(
            "没有密钥：图和数看得到，封存的原件读不出来。用 --keys 恢复密钥，或挂上密钥文件夹。"
        )
    lines += [f"备份以后销毁过，已再次销毁：{one}" for one in answer["done_again"]]
    lines += [
        f"台账说销毁过，但没有写分区，请自己运行 kuai keys shred：{one}"
        for one in answer["not_done_again"]
    ]
    if answer["upgrade_first"]:
        lines.append("这份备份是另一个版本的程序做的：下一步运行 kuai upgrade。")
    lines.append(
        "备份以后又有擦除或销毁的，用 --erasures-from 给出仍在用的密钥文件夹或台账，见 docs/operations.md。"
    )
    for line in lines:
        console.print(line, highlight=False)


def _require_key_keeper(store: Store) -> None:
    """On a store of real people the keys leave by the security administrator's hand alone."""
    from kuai.cli.work_database import open_work_database
    from kuai.flows.queries import is_synthetic

    if not store.current_version() or is_synthetic(store):
        return
    open_work_database(store.root)
    if account_of_operator().role is not Role.SECURITY_ADMINISTRATOR:
        raise Refusal("keys.not_yours", "密钥由安全管理员备份。")
