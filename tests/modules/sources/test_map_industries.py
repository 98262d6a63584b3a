"""What a firm does, as departments write it, becomes a code of GB/T 4754-2017 or stays as said."""

from __future__ import annotations

import duckdb
import pytest
import yaml

from kuai.kit.engine import read_sql
from kuai.sources import mapping_steps
from kuai.sources.engine.dictionary import FOLDER, fold_industry, load_dictionary

SAID = {
    "F5211": ("F5211", "F"),
    "f 5211": ("F5211", "F"),
    "5211": ("F5211", "F"),
    "52": ("F52", "F"),
    "F": ("F", "F"),
    "H62餐饮业": ("H62", "H"),
    "6210 正餐服务": ("H6210", "H"),
    "批发和零售业": ("F", "F"),
    "批发零售业": ("F", "F"),
    "零售业": ("F52", "F"),
    "F 批发和零售业": ("F", "F"),
    "制造业-纺织业": ("C", "C"),
    "制造业（C）": ("C", "C"),
    "计算机、通信和其他电子设备制造业": ("C39", "C"),
    "教育": ("P", "P"),
    # Neither code nor name: kept as said, of no section.
    "卖水果": ("卖水果", None),
    "24小时便利店": ("24小时便利店", None),
    "IT": ("IT", None),
    "H5211": ("H5211", None),
    "98": ("98", None),
    "A制造业": ("A制造业", None),
    "2020/5/1": ("2020/5/1", None),
    # A telephone number is nobody's trade.
    "0755-12345678": (None, None),
    "13800000000": (None, None),
    "无": (None, None),
}


@pytest.fixture(scope="module")
def read() -> dict[str, tuple[str | None, str | None]]:
    industries = load_dictionary().industries
    with duckdb.connect() as connection:
        connection.execute("create table written_industry (raw varchar)")
        connection.executemany("insert into written_industry values (?)", [[one] for one in SAID])
        connection.execute("create table placeholder_word as select '无' as word")
        for table, names, rows in (
            ("industry_section", "(section varchar, title varchar)", industries.sections),
            ("industry_division", "(division varchar, section varchar)", industries.section_of),
            ("industry_word", "(word varchar, code varchar)", industries.code_of),
        ):
            connection.execute(f"create table {table} {names}")
            connection.executemany(f"insert into {table} values (?, ?)", list(rows.items()))
        step = read_sql(mapping_steps.__file__, "industry_reading")
        return {raw: (code, section) for raw, code, section in connection.execute(step).fetchall()}


@pytest.mark.parametrize("raw", SAID)
def test_an_industry_is_read_as_code_or_name_or_kept_as_said(raw, read):
    assert read[raw] == SAID[raw]


def test_the_standard_is_whole_and_names_its_edition():
    industries = load_dictionary().industries
    assert "".join(industries.sections) == "ABCDEFGHIJKLMNOPQRST"
    assert sorted(industries.section_of) == [f"{number:02d}" for number in range(1, 98)]
    assert list(industries.section_of.values()) == sorted(industries.section_of.values())
    assert (industries.standard, industries.edition[:4]) == ("GB/T 4754-2017", "2017")


def test_no_name_means_two_sections():
    """Else the first one in the file would win unseen."""
    meant: dict[str, set[str]] = {}
    for section in yaml.safe_load((FOLDER / "industries.yaml").read_text("utf-8"))["sections"]:
        for name in (section["name"], *section["also"], *section["divisions"].values()):
            meant.setdefault(fold_industry(name), set()).add(section["code"])
    assert [name for name, sections in meant.items() if len(sections) > 1] == []
    assert meant.keys() == load_dictionary().industries.code_of.keys()
