"""May this programme open this store? The store's format and the steps its work database's tables have gone.

A store of a newer programme is refused in words; one of real people that an older programme made waits for
`kuai upgrade`, which makes a backup first. Demo cities are brought up without asking. Decision 0032.
Django has been pointed at the store before anything of this is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from kuai import __version__
from kuai.flows.queries import is_synthetic
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store, read_json, write_json

# 0: stores of before the file was written. 1: the first with it. What leads from one to the next is in `upgrade`.
STORE_FORMAT = 1
FORMAT_FILE = "format.json"

Step = tuple[str, str]


@dataclass(frozen=True)
class TableSteps:
    """Steps of the work database's tables: those still to go, those that only a newer programme knows."""

    missing: tuple[Step, ...]
    unknown: tuple[Step, ...]
    is_new: bool


def open_store(store: Store) -> None:
    """Make a new store's tables, or bring up a demo city's; refuses what waits for `kuai upgrade`. May be repeated."""
    steps = read_steps()
    require_openable(store, steps)
    if steps.missing:
        bring_up_tables()
    if steps.is_new or (read_format(store) < STORE_FORMAT and _may_bring_up(store)):
        write_format(store)


def require_openable(store: Store, steps: TableSteps) -> None:
    """Refuse a store of a newer programme, and one of real people that has to be upgraded first."""
    require_not_newer(store, steps)
    # A store without tables is new, whatever lies in its folder: nothing can be lost by making them.
    if steps.missing and not steps.is_new and not _may_bring_up(store):
        raise Refusal(
            "store.older",
            f"这个库是旧版程序建的，工作库还要走 {len(steps.missing)} 步。",
            next_step="先看 kuai upgrade --dry-run，再运行 kuai upgrade --backup-to FOLDER（先备份，再升级）。",
        )


def require_not_newer(store: Store, steps: TableSteps) -> None:
    """Refuse a store that a newer programme has been at: this one would read it wrongly or spoil it."""
    found = read_format(store)
    if found > STORE_FORMAT or steps.unknown:
        what = (
            f"格式是 {found}，这个程序只认到 {STORE_FORMAT}"
            if found > STORE_FORMAT
            else f"工作库走过这个程序不认识的 {len(steps.unknown)} 步（如 {'.'.join(steps.unknown[0])}）"
        )
        raise Refusal(
            "store.newer",
            f"这个库被更新的程序用过：{what}。没有改动任何东西。",
            next_step=f"这个程序是 {__version__}。用更新的程序打开，或从升级前的备份恢复。",
        )


def read_format(store: Store) -> int:
    """The store's format; 0 where nobody wrote one down."""
    path = store.root / FORMAT_FILE
    try:
        return int(read_json(path)["format"]) if path.exists() else 0
    except (ValueError, KeyError, TypeError) as cause:
        raise Breakdown(f"{path} cannot be read") from cause


def write_format(store: Store) -> None:
    """Write down that the store has this programme's format."""
    write_json(store.root / FORMAT_FILE, {"format": STORE_FORMAT, "programme": __version__})


def read_steps() -> TableSteps:
    """What the tables still have to go, and what they have gone that this programme does not know."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    ours = {app for app, _ in loader.disk_migrations}
    applied = set(loader.applied_migrations)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    unknown = {step for step in applied if step[0] in ours} - set(loader.disk_migrations) - replaced
    return TableSteps(
        missing=tuple((one.app_label, one.name) for one, _ in plan),
        unknown=tuple(sorted(unknown)),
        is_new=not applied,
    )


def bring_up_tables() -> None:
    """Make the tables that are missing and change those of before."""
    call_command("migrate", verbosity=0, interactive=False)


def make_tables_up_to(steps: tuple[Step, ...]) -> None:
    """Make an empty database's tables as they were after `steps`, a backup's."""
    loader = MigrationExecutor(connection).loader
    if unknown := sorted(set(steps) - set(loader.disk_migrations)):
        raise Refusal(
            "restore.newer",
            f"备份是更新的程序做的：它有这个程序不认识的步骤（如 {'.'.join(unknown[0])}）。",
            next_step="用做备份的那个版本或更新的程序来恢复。",
        )
    leaves = {
        step
        for step in steps
        # The last of each room: nothing of the same room among the steps comes after it.
        if not any(
            child.key[0] == step[0] and child.key in steps
            for child in loader.graph.node_map[step].children
        )
    }
    executor = MigrationExecutor(connection)
    executor.migrate(sorted(leaves))


def _may_bring_up(store: Store) -> bool:
    """Demo cities, and stores into which nothing was built: there is nobody in them."""
    return store.current_version() is None or is_synthetic(store)
