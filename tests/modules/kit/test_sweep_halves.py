"""What a killed writer left half-written is swept; a living writer keeps its half, and whole files stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kuai.kit.atomic_files import replace_when_complete, sweep_halves


def dead_process() -> int:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    return ended.pid


def test_the_halves_of_the_dead_are_removed_and_of_the_living_kept(tmp_path: Path) -> None:
    folder = tmp_path / "core" / "register" / "0001"
    folder.mkdir(parents=True)
    dead = folder / f".identity.sealed.{dead_process()}.part"
    living = folder / f".identity.sealed.{os.getpid()}.part"
    others = [folder / "identity.sealed", folder / ".hidden", folder / "list.part"]
    for path in (dead, living, *others):
        path.write_bytes(b"x")
    assert sweep_halves(tmp_path) == 1
    assert not dead.exists()
    assert all(path.exists() for path in (living, *others))
    assert sweep_halves(tmp_path) == 0


def test_a_half_made_by_the_writer_itself_has_the_swept_form(tmp_path: Path) -> None:
    with replace_when_complete(tmp_path / "table.parquet") as scratch:
        scratch.write_bytes(b"x")
        orphan = tmp_path / scratch.name.replace(str(os.getpid()), str(dead_process()))
        orphan.write_bytes(b"x")
        assert sweep_halves(tmp_path) == 1
        assert not orphan.exists()
    assert (tmp_path / "table.parquet").exists()


def test_sweeping_a_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert sweep_halves(tmp_path / "nowhere") == 0
