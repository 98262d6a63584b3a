"""The Python examples of docs/other-programmes.md run as they stand, against the invented district."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from kuai.address.reading import library_table, read_delivered_library
from tests.modules.address.builders import invented_table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "other-programmes.md"
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_examples_run_in_order_and_print_what_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    pa_csv.write_csv(invented_table(), "library.csv")
    core = Path("store/builds/b-20261031-000000000000/core")
    core.mkdir(parents=True)
    entries = library_table(read_delivered_library(invented_table()))
    pq.write_table(entries, core / "address_entry.parquet")
    Path("store/current").write_text("b-20261031-000000000000\n", encoding="utf-8")
    names: dict[str, object] = {}
    examples = EXAMPLE.findall(PAGE.read_text("utf-8"))
    assert len(examples) == 2
    for example in examples:
        exec(example, names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("B room ")
    assert "锦澜花园2栋" in "".join(printed)
    assert any("2单元" in line for line in printed)
