"""Reading a package's description: what it says is taken, what leads outside is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kuai.kit.errors import DataFault
from kuai.sources.actions import read_package
from kuai.sources.types import DeliveryKind
from tests.modules.sources.deliveries import HEADINGS, PEOPLE, write_csv


def a_package(folder: Path, **changes: Any) -> Path:
    """A folder with one resource; `changes` replace entries of the resource, `package` those of the package."""
    folder.mkdir(exist_ok=True)
    extracts = folder / "extracts"
    extracts.mkdir(exist_ok=True)
    write_csv(extracts, [HEADINGS, *PEOPLE])
    resource = {"name": "people", "path": "extracts/people.csv", "format": "csv", **changes}
    package = {"name": "demo", "resources": [resource], **resource.pop("package", {})}
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    return folder


def test_a_description_is_read(tmp_path):
    folder = a_package(
        tmp_path / "p",
        title="实有人口",
        encoding="gb18030",
        department="公安分局",
        delivery="full",
        package={"title": "数据包", "synthetic": True, "as_of": "2026-11-22"},
    )
    package = read_package(folder)
    assert (package.name, package.title, package.synthetic) == ("demo", "数据包", True)
    assert package.as_of == date(2026, 11, 22)
    (resource,) = package.resources
    assert resource.paths == (folder / "extracts" / "people.csv",)
    assert (resource.title, resource.encoding, resource.department) == (
        "实有人口",
        "gb18030",
        "公安分局",
    )
    assert resource.delivery is DeliveryKind.FULL


def test_unsaid_means_real_people_no_day_and_no_endings(tmp_path):
    package = read_package(a_package(tmp_path / "p"))
    assert (package.synthetic, package.as_of) == (False, None)
    assert package.resources[0].delivery is DeliveryKind.DELTA


def test_a_resource_may_have_parts(tmp_path):
    folder = a_package(tmp_path / "p", path=["extracts/people.csv", "extracts/2.csv"])
    write_csv(folder / "extracts", [HEADINGS, *PEOPLE], name="2.csv")
    assert [path.name for path in read_package(folder).resources[0].paths] == [
        "people.csv",
        "2.csv",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "/etc/passwd",
        "extracts/../../secret.csv",
        "link.csv",
        "https://example.org/people.csv",
        "..\\secret.csv",
        "a\x00b",
    ],
)
def test_paths_outside_the_folder_are_refused(tmp_path, path):
    write_csv(tmp_path, [HEADINGS, *PEOPLE], name="secret.csv")
    folder = a_package(tmp_path / "p", path=path)
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataFault, match="数据包以外"):
        read_package(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"path": "extracts/none.csv"}, "不在数据包里"),
        ({"path": []}, "没有写 path"),
        ({"path": None}, "没有写 path"),
        ({"path": [1]}, "没有写 path"),
        ({"path": ["extracts/people.csv"] * 2}, "写了两次"),
        ({"name": "../x"}, "没有可用的 name"),
        ({"name": "a..b"}, "没有可用的 name"),
        ({"name": 7}, "name 应是一段文字"),
        ({"delivery": "sometimes"}, "full、delta 或 append"),
        ({"package": {"resources": []}}, "没有 resources 清单"),
        ({"package": {"resources": {"a": 1}}}, "没有 resources 清单"),
        ({"package": {"resources": ["people"]}}, "应是一个对象"),
        ({"package": {"synthetic": "true"}}, "synthetic 只能是"),
        ({"package": {"as_of": "昨天"}}, "as_of 不是日期"),
    ],
)
def test_a_broken_description_says_what_is_wrong(tmp_path, changes, sentence):
    with pytest.raises(DataFault, match=sentence) as caught:
        read_package(a_package(tmp_path / "p", **changes))
    assert caught.value.remedy


def test_two_resources_of_one_name_are_refused(tmp_path):
    folder = a_package(tmp_path / "p")
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] *= 2
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    with pytest.raises(DataFault, match="名称重复"):
        read_package(folder)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": 1,}', b"[1]", b"\xff\xfe{", b"[" * 100_000, b"12" * 5000]
)
def test_what_is_no_json_object_is_refused(tmp_path, content):
    (tmp_path / "datapackage.json").write_bytes(content)
    with pytest.raises(DataFault) as caught:
        read_package(tmp_path)
    assert caught.value.where.file == "datapackage.json"


def test_a_json_fault_names_its_line(tmp_path):
    (tmp_path / "datapackage.json").write_text('{\n "name": "x"\n "title": 1}', encoding="utf-8")
    with pytest.raises(DataFault) as caught:
        read_package(tmp_path)
    assert caught.value.where.row == 3


def test_a_bare_file_or_folder_counts_as_a_package_of_real_people(tmp_path):
    write_csv(tmp_path, [HEADINGS, *PEOPLE], name="实有人口 (2026年).csv")
    write_csv(tmp_path, [HEADINGS, *PEOPLE], name="b.TXT")
    write_csv(tmp_path, [HEADINGS, *PEOPLE], name="b.csv")
    write_csv(tmp_path, [HEADINGS, *PEOPLE], name="notes.md")
    write_csv(tmp_path, [HEADINGS, *PEOPLE], name="~$b.xlsx")
    package = read_package(tmp_path)
    assert [one.name for one in package.resources] == ["b", "b-2", "实有人口-2026年"]
    assert package.synthetic is False
    (single,) = read_package(tmp_path / "b.csv").resources
    assert (single.name, single.paths) == ("b", (tmp_path / "b.csv",))


def test_a_folder_without_tables_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(DataFault, match="没有表格文件|也没有表格"):
        read_package(tmp_path)
    with pytest.raises(DataFault, match="找不到数据包"):
        read_package(tmp_path / "none")
