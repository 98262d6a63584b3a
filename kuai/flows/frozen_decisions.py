"""The decisions of a build: the log as far as it had come, frozen before the build has a name, since they are in it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kuai.flows.stage_log import file_digest
from kuai.kit.engine import engine, table_at
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import TableRef
from kuai.registry import decisions
from kuai.registry.types import DECISION


@dataclass(frozen=True)
class PreparedDecisions:
    """What people had decided up to `sequence`, frozen in a folder of its own until the build has one."""

    sequence: int
    folder: Path
    receipt: Receipt
    digest: str

    def copy_to(
        self, connection: duckdb.DuckDBPyConnection, core: Path
    ) -> tuple[dict[str, TableRef], Receipt]:
        """The frozen table in the build's core folder."""
        core.mkdir(parents=True, exist_ok=True)
        name = f"{DECISION.name}.parquet"
        shutil.copyfile(self.folder / name, core / name)
        return {DECISION.name: table_at(connection, DECISION, core)}, self.receipt


def prepare_decisions(store: Store, *, up_to: int | None = None) -> PreparedDecisions:
    """Freeze the log up to `up_to`, else as far as it has come. May be repeated: equal logs give equal bytes."""
    # Asked first, because what is decided meanwhile belongs to the next build.
    sequence = decisions.last_sequence() if up_to is None else up_to
    folder = store.scratch / "decisions"
    shutil.rmtree(folder, ignore_errors=True)
    with engine() as connection:
        ref, receipt = decisions.freeze_decisions(connection, folder, up_to=sequence)
    return PreparedDecisions(sequence, folder, receipt, file_digest(ref.paths))


def forget_decisions(store: Store) -> None:
    """The build has its own copy, or there will be none."""
    shutil.rmtree(store.scratch / "decisions", ignore_errors=True)
