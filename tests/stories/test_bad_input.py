"""Bad input gets one clear sentence: what, where, what to do. No traceback, no value of a row, nothing changed."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kuai.kit.store import Store
from tests.stories import towns

REFUSED, FAULTY, BROKEN, USAGE = 3, 4, 5, 2
SECRET_NAME, SECRET_NUMBER = "欧阳测试甲", "440381199001011237"


@dataclass(frozen=True)
class Package:
    """A small package of one's own making."""

    folder: Path

    def file(self, name: str, content: str | bytes) -> Package:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def described(self, *paths: str, **changes: object) -> Path:
        resources = [
            {"name": Path(path).stem, "title": "表", "path": path, "format": "csv"}
            for path in paths
        ]
        text = {"name": "p", "synthetic": True, "as_of": "2026-10-31", "resources": resources}
        self.file("datapackage.json", json.dumps(text | changes))
        return self.folder


@pytest.fixture
def package(tmp_path: Path) -> Package:
    (tmp_path / "package").mkdir()
    return Package(tmp_path / "package")


LIBRARY = "地址编码,级别,上级编码,名称,标准地址,经度,纬度,用途\n"
REGISTER = f"姓名,身份证号码,现住地址\n{SECRET_NAME},{SECRET_NUMBER},坪山街道枫湾围3号101\n"


def missing_folder(package: Package) -> Path:
    return package.folder / "没有这里"


def broken_description(package: Package) -> Path:
    return package.file("datapackage.json", '{"name": "p",\n "resources": [}').folder


def path_outside(package: Package) -> Path:
    return package.described("../../../../etc/passwd")


def file_not_there(package: Package) -> Path:
    return package.described("register.csv")


def not_a_table(package: Package) -> Path:
    noise = bytes(range(256)) * 40
    return package.file("register.csv", noise).described("register.csv")


def sheet_that_is_none(package: Package) -> Path:
    return package.file("register.xlsx", b"PK\x03\x04" + b"\x00" * 400).described("register.xlsx")


def day_that_is_none(package: Package) -> Path:
    return package.file("register.csv", REGISTER).described("register.csv", as_of="2026-02-30")


def library_without_level(package: Package) -> Path:
    text = "地址编码,上级编码,名称,标准地址\n440310,4403,坪山区,广东省深圳市坪山区\n"
    return package.file("address_library.csv", text).described("address_library.csv")


def library_with_bad_level(package: Package) -> Path:
    rows = "440310,区,4403,坪山区,广东省深圳市坪山区,,,\n440310001,镇区,440310,某街道,某街道,,,\n"
    return package.file("address_library.csv", LIBRARY + rows).described("address_library.csv")


def library_with_orphan(package: Package) -> Path:
    rows = "440310,区,4403,坪山区,广东省深圳市坪山区,,,\n440309001,街道,440309,某街道,某街道,,,\n"
    return package.file("address_library.csv", LIBRARY + rows).described("address_library.csv")


def library_with_code_twice(package: Package) -> Path:
    row = "440310,区,4403,坪山区,广东省深圳市坪山区,,,\n"
    return package.file("address_library.csv", LIBRARY + row + row).described("address_library.csv")


BAD_PACKAGES: list[tuple[Callable[[Package], Path], tuple[str, ...]]] = [
    (missing_folder, ("没有这里", "找不到")),
    (broken_description, ("datapackage.json", "第 2 行", "JSON")),
    (path_outside, ("datapackage.json", "数据包以外")),
    (file_not_there, ("register.csv", "不在数据包里")),
    (not_a_table, ("register.csv",)),
    (sheet_that_is_none, ("register.xlsx",)),
    (day_that_is_none, ("as_of", "不是日期")),
    (library_without_level, ("级别",)),
    (library_with_bad_level, ("address_library", "第 3 行")),
    (library_with_orphan, ("address_library", "第 3 行")),
    (library_with_code_twice, ("address_library", "第 3 行")),
]


@pytest.mark.parametrize(
    ("make", "told"), BAD_PACKAGES, ids=[make.__name__ for make, _ in BAD_PACKAGES]
)
def test_a_bad_package_is_told_by_file_and_place(
    package: Package, tmp_path: Path, make: Callable[[Package], Path], told: tuple[str, ...]
) -> None:
    answer = towns.run_kuai("build", make(package), "--store", tmp_path / "store")
    assert_clear(answer, FAULTY)
    assert [word for word in told if word not in answer.sentences] == []
    assert "怎么改" in answer.sentences
    assert Store(tmp_path / "store").current_version() is None
    assert towns.leftovers(tmp_path / "store") == []


def assert_clear(answer: towns.Answer, exit_code: int) -> None:
    said = answer.stdout + answer.stderr
    assert answer.exit_code == exit_code, said
    assert "Traceback" not in said
    assert "程序出错" not in said
    assert answer.stderr.strip()
    assert answer.stdout.strip() == ""
    assert SECRET_NAME not in said
    assert SECRET_NUMBER not in said
    assert len(answer.sentences) < 400


def test_a_bad_package_leaves_a_built_store_as_it_was(own_store: Path, package: Package) -> None:
    before = Store(own_store).current_version()
    builds, extracts = towns.tree_of(own_store / "builds"), towns.tree_of(own_store / "extracts")
    for make in (broken_description, not_a_table, library_with_bad_level):
        answer = towns.run_kuai("build", make(package), "--store", own_store)
        assert_clear(answer, FAULTY)
    assert Store(own_store).current_version() == before
    assert towns.tree_of(own_store / "builds") == builds
    assert towns.tree_of(own_store / "extracts") == extracts
    assert towns.leftovers(own_store) == []
    block = towns.run_well("block", "440310", "--store", own_store, "--json")
    assert block.json()["counters"]["rooms"] == 400


def test_a_second_build_at_the_same_time_is_refused(own_store: Path, town: Path) -> None:
    with (own_store / ".writer").open("w") as lease:
        fcntl.flock(lease, fcntl.LOCK_EX)
        answer = towns.run_kuai("build", town, "--store", own_store)
        assert_clear(answer, REFUSED)
        assert "另一个进程" in answer.sentences
        assert towns.run_kuai("block", "440310", "--store", own_store, "--json").exit_code == 0
    towns.build(town, own_store)


@pytest.mark.parametrize(
    ("words", "exit_code", "told"),
    [
        (("block", "999999"), REFUSED, ("999999",)),
        (("block",), REFUSED, ("哪个块",)),
        (("block", "--polygon", "none.geojson"), FAULTY, ("none.geojson", "找不到")),
        (("block", "--polygon", "words.geojson"), FAULTY, ("words.geojson", "GeoJSON")),
        (("block", "--polygon", "point.geojson"), FAULTY, ("多边形",)),
        (("block", "--polygon", "short.geojson"), FAULTY, ("GeoJSON",)),
        (("block", "--polygon", "list.geojson"), FAULTY, ("GeoJSON",)),
        (("explain", "mention", "police_residents", "999999"), REFUSED, ("999999",)),
        (("explain", "mention", "nobody", "0"), REFUSED, ("nobody",)),
        (("explain", "relation", "99999999"), REFUSED, ("99999999",)),
        (("sources", "refused", "nobody", "-o", "x.xlsx"), REFUSED, ("nobody",)),
        (("build", "PACKAGE", "--as-of", "2026-13-45"), REFUSED, ("2026-13-45", "不是日期")),
        (("ledger", "verify", "nothing.jsonl"), REFUSED, ("nothing.jsonl",)),
        (("nonsense",), USAGE, ("nonsense",)),
        (("wash",), USAGE, ("写法不对",)),
        (("explain", "mention", "police_residents", "three"), USAGE, ("写法不对",)),
    ],
)
def test_a_wrong_question_gets_a_clear_answer(
    built: Path,
    town: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    exit_code: int,
    told: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    point = {"type": "Point", "coordinates": [114.35, 22.68]}
    short = {"type": "Polygon", "coordinates": [[[114.3, 22.6], [114.4]]]}
    for name, text in {
        "words": "块",
        "point": json.dumps(point),
        "short": json.dumps(short),
    }.items():
        (tmp_path / f"{name}.geojson").write_text(text, encoding="utf-8")
    (tmp_path / "list.geojson").write_text("[1, 2]", encoding="utf-8")
    written = [town if word == "PACKAGE" else word for word in words]
    of_a_store = words[0] not in ("nonsense", "ledger")
    answer = towns.run_kuai(*written, *(("--store", built) if of_a_store else ()))
    assert_clear(answer, exit_code)
    assert [word for word in told if word not in answer.sentences] == []


def test_a_store_that_was_never_built_says_so(tmp_path: Path) -> None:
    answer = towns.run_kuai("block", "440310", "--store", tmp_path / "nowhere")
    assert_clear(answer, REFUSED)
    assert "kuai build" in answer.sentences
    assert not (tmp_path / "nowhere").exists()


def test_wash_tells_a_missing_column_and_a_missing_library(town: Path, tmp_path: Path) -> None:
    addresses = tmp_path / "in.csv"
    addresses.write_text("编号,地址\n1,枫湾围3号101\n", encoding="utf-8")
    library = town / "extracts" / "address_library.csv"
    out = tmp_path / "out.csv"
    wrong = towns.run_kuai(
        "wash", addresses, "--library", library, "--text-column", "住址", "-o", out
    )
    assert_clear(wrong, FAULTY)
    assert "住址" in wrong.sentences
    absent = towns.run_kuai(
        "wash", addresses, "--library", tmp_path / "no.csv", "--text-column", "地址", "-o", out
    )
    assert_clear(absent, FAULTY)
    assert "no.csv" in absent.sentences
    assert not out.exists()
    right = towns.run_kuai(
        "wash", addresses, "--library", library, "--text-column", "地址", "-o", out
    )
    assert right.exit_code == 0, right.stderr
    assert out.exists()


def test_link_tells_a_file_that_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_bytes(b"not parquet at all")
    answer = towns.run_kuai("link", tmp_path / "in.parquet", "-o", tmp_path / "out.parquet")
    assert_clear(answer, FAULTY)
    assert "in.parquet" in answer.sentences
    assert not (tmp_path / "out.parquet").exists()


def test_a_number_of_processors_that_is_none_is_named(town: Path, tmp_path: Path) -> None:
    settings = {"KUAI_THREADS": "viele"}
    answer = towns.run_kuai("build", town, "--store", tmp_path / "store", settings=settings)
    assert_clear(answer, REFUSED)
    assert "KUAI_THREADS" in answer.sentences
    assert Store(tmp_path / "store").current_version() is None


def test_a_store_that_cannot_be_made_is_named(town: Path) -> None:
    answer = towns.run_kuai("build", town, "--store", "/proc/nowhere")
    assert_clear(answer, BROKEN)
    assert "/proc/nowhere" in answer.sentences


@pytest.mark.parametrize(
    "words",
    [
        ("export", "mentions", "--store", "STORE"),
        ("sources", "refused", "police_residents", "--store", "STORE"),
        ("wash", "CSV", "--library", "CSV", "--text-column", "名称"),
        ("link", "CSV"),
    ],
    ids=["export", "refused", "wash", "link"],
)
def test_an_answer_that_could_not_be_written_is_refused_before_the_work(
    built: Path, town: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    meant = {"STORE": built, "CSV": town / "extracts" / "address_library.csv"}
    out = tmp_path / "没有这个文件夹" / "out"
    answer = towns.run_kuai(*(meant.get(word, word) for word in words), "-o", out)
    assert_clear(answer, REFUSED)
    assert "没有这个文件夹" in answer.sentences
