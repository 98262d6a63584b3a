"""Which stages are done: a marker after the files, a kill loses one stage at most, no scaffolding is published."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from kuai.flows import stage_log
from kuai.flows.stage_log import StageLog, file_digest
from kuai.kit.receipt import Receipt


def receipt(kept: int = 3) -> Receipt:
    return Receipt("wash", kept, kept, notes={"grade_A": kept})


def run(log: StageLog, stage: str, made: list[str], *, fails: bool = False) -> str:
    """A stage that writes one file, or dies after having half-written it."""

    def make() -> tuple[str, Receipt]:
        target = log.folder / f"{stage}.txt"
        if fails:
            target.with_name(f".{stage}.txt.99999.part").write_text("half")
            raise KeyboardInterrupt
        made.append(stage)
        target.write_text(stage)
        return stage, receipt()

    return log.run(stage, make, lambda: (log.folder / f"{stage}.txt").read_text())


def test_a_stage_is_made_once_and_loaded_afterwards(tmp_path: Path) -> None:
    made: list[str] = []
    assert run(StageLog(tmp_path), "wash", made) == "wash"
    again = StageLog(tmp_path)
    assert run(again, "wash", made) == "wash"
    assert made == ["wash"]
    assert again.resumed == ["wash"]


def test_a_loaded_stage_brings_its_receipt(tmp_path: Path) -> None:
    first = StageLog(tmp_path)
    run(first, "wash", [])
    again = StageLog(tmp_path)
    run(again, "wash", [])
    assert again.receipts == first.receipts
    assert again.receipts[0].kept == 3
    assert "seconds" in again.receipts[0].notes


def test_a_stage_that_died_is_made_again_and_the_done_ones_are_not(tmp_path: Path) -> None:
    made: list[str] = []
    log = StageLog(tmp_path)
    run(log, "wash", made)
    with pytest.raises(KeyboardInterrupt):
        run(log, "link", made, fails=True)
    again = StageLog(tmp_path)
    run(again, "wash", made)
    run(again, "link", made)
    assert made == ["wash", "link"]
    assert again.resumed == ["wash"]


def test_stages_that_followed_on_from_another_build_are_made_again(tmp_path: Path) -> None:
    made: list[str] = []
    run(StageLog(tmp_path, after="b-1"), "relate", made)
    run(StageLog(tmp_path, after="b-1"), "relate", made)
    assert made == ["relate"]
    run(StageLog(tmp_path, after="b-2"), "relate", made)
    assert made == ["relate", "relate"]


def test_nothing_half_written_and_no_marker_is_published(tmp_path: Path) -> None:
    log = StageLog(tmp_path)
    core = tmp_path / "core"
    (core / ".washed-abc").mkdir(parents=True)
    (core / ".washed-abc" / "0001.parquet").write_bytes(b"half")
    (core / ".person.parquet.99999.part").write_bytes(b"half")
    (core / "person.parquet").write_bytes(b"whole")
    run(log, "wash", [])
    log.clear_scaffolding()
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
    assert left == ["core", "core/person.parquet", "wash.txt"]


def test_a_digest_is_of_bytes_in_the_order_given(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"abc")
    two.write_bytes(b"def" * 1_000_000)
    assert file_digest([one, two]) == file_digest([one, two])
    assert file_digest([one, two]) != file_digest([two, one])
    two.write_bytes(b"def" * 999_999 + b"deg")
    assert len(file_digest([one, two])) == 64


def test_another_version_of_a_library_that_decides_is_another_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = stage_log.code_digest.__wrapped__()
    assert stage_log.code_digest.__wrapped__() == now
    monkeypatch.setattr(
        stage_log, "version", lambda name: "0.0" if name == "pypinyin" else version(name)
    )
    assert stage_log.code_digest.__wrapped__() != now
