"""A store of an older programme brought to today's: a backup first, then its tables, its format, its published build.

The plan says what will be done and changes nothing. Each step may be repeated, so that a killed upgrade is begun
again. There is no way back but the backup. Decision 0032.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from kuai.flows.build_inputs import INPUTS_FILE
from kuai.flows.stage_log import code_digest
from kuai.flows.store_format import (
    STORE_FORMAT,
    Step,
    bring_up_tables,
    read_format,
    read_steps,
    require_not_newer,
    write_format,
)
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.store import Store, read_json


@dataclass(frozen=True)
class UpgradePlan:
    """What separates a store from this programme. `rebuilds`: the published build was made by other steps."""

    from_format: int
    to_format: int
    table_steps: tuple[Step, ...]
    build: str
    rebuilds: bool

    @property
    def is_needed(self) -> bool:
        return bool(self.table_steps) or self.from_format != self.to_format or self.rebuilds

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "is_needed": self.is_needed}


def plan_upgrade(store: Store) -> UpgradePlan:
    """What an upgrade would do; changes nothing. Refuses a store of a newer programme."""
    steps = read_steps()
    require_not_newer(store, steps)
    version = store.current_version()
    return UpgradePlan(
        from_format=read_format(store),
        to_format=STORE_FORMAT,
        table_steps=steps.missing,
        build=version or "",
        rebuilds=version is not None and _code_of(store) != code_digest(),
    )


def upgrade_store(
    store: Store,
    plan: UpgradePlan,
    *,
    rebuild: Callable[[], object] | None,
    progress: Progress = SILENT,
) -> None:
    """Do what the plan says, the backup having been made. `rebuild` makes the published build anew; None leaves it.

    Holds the store's lease while it changes tables: no build, and no second upgrade, meanwhile.
    """
    with (
        store.writer_lease(),
        progress_line(
            progress, "工作库", total=len(plan.table_steps) or None, measure="步"
        ) as task,
    ):
        bring_up_tables()
        task.advance(len(plan.table_steps))
        # Last: a store that says it is of this format has gone all steps that lead there.
        write_format(store)
    if plan.rebuilds and rebuild is not None:
        rebuild()


def _code_of(store: Store) -> str:
    """The digest of the steps that made the published build; "" where a build tells none."""
    path = store.current_build() / INPUTS_FILE
    return str(read_json(path).get("code", "")) if path.exists() else ""
