"""Where a tenant's things lie, who may write, and which build is current (2-architecture: what lies where)."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kuai.kit.atomic_files import sync_folder, write_text
from kuai.kit.errors import Refusal

VERSION_PATTERN = re.compile(r"^b-[0-9]{8}-[0-9a-f]{12}$")


@dataclass(frozen=True)
class Store:
    """One tenant's folder. Keys lie beside it, never in it, so that a backup of the store holds no key."""

    root: Path

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def extracts(self) -> Path:
        return self.root / "extracts"

    @property
    def builds(self) -> Path:
        return self.root / "builds"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def library(self) -> Path:
        """Bulk content of the address library's record: imports, versions (derived), plans."""
        return self.root / "library"

    @property
    def keys(self) -> Path:
        configured = os.environ.get("KUAI_KEYS")
        return Path(configured) if configured else self.root.with_name(self.root.name + ".keys")

    @property
    def work_database(self) -> Path:
        return self.root / "work.sqlite3"

    def create(self) -> Store:
        """Make the folders; safe to repeat."""
        for folder in (self.vault, self.extracts, self.builds, self.scratch):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def current_version(self) -> str | None:
        """The published build's version, or None before the first."""
        pointer = self.root / "current"
        return pointer.read_text(encoding="utf-8").strip() if pointer.exists() else None

    def current_build(self) -> Path:
        """The published build's folder; refuses before the first build."""
        version = self.current_version()
        if version is None:
            raise Refusal(
                "store.not_built",
                f"库 {self.root} 里还没有建好的版本。",
                next_step="先运行 kuai build PACKAGE --store STORE。",
            )
        return self.builds / version

    def publish(self, version: str, prepared: Path) -> Path:
        """Move `prepared` into place and point `current` at it, atomically. Readers keep the old folder."""
        if not VERSION_PATTERN.match(version):
            raise ValueError(f"not a build version: {version!r}")
        target = self.builds / version
        if target.exists():
            shutil.rmtree(prepared, ignore_errors=True)
        else:
            os.rename(prepared, target)
            sync_folder(self.builds)
        write_text(self.root / "current", version + "\n")
        return target

    def note_publication(self, version: str, at: datetime) -> None:
        """Remember when `version` was published: what was believed on a day is what was published by then."""
        known = self.list_publications()
        if not known or known[-1][0] != version:
            told = [*known, (version, at)]
            write_json(
                self.root / "publications.json",
                {"published": [{"version": one, "at": when.isoformat()} for one, when in told]},
            )

    def list_publications(self) -> list[tuple[str, datetime]]:
        """Version and instant of every publication that was noted, in order."""
        path = self.root / "publications.json"
        if not path.exists():
            return []
        told = read_json(path)["published"]
        return [(one["version"], datetime.fromisoformat(one["at"])) for one in told]

    @contextmanager
    def writer_lease(self) -> Iterator[None]:
        """One writer at a time; the lease dies with its process. Readers never wait for it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".writer").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal(
                    "store.busy",
                    f"另一个进程正在写库 {self.root}。",
                    next_step="等它结束后再运行。",
                ) from None
            yield


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from `path`."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path} does not hold a JSON object")
    return value


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, keys sorted, atomically."""
    write_text(path, json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n")
