"""What departments hand over as a folder (7-source-package): which files there are and what is said of them.

Reads the description only, never a row. Because a description comes from outside, a path may not leave its folder.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kuai.kit.errors import DataFault, Where
from kuai.sources.types import DeliveryKind

DESCRIPTION = "datapackage.json"
# A description of a hundred resources is 50 KB; what is larger is no description.
DESCRIPTION_BYTES = 4 * 1024 * 1024
RESOURCES = 500
TABLE_SUFFIXES = {
    ".csv",
    ".txt",
    ".tsv",
    ".xlsx",
    ".xlsm",
    ".xls",
    ".et",
    ".dbf",
    ".json",
    ".jsonl",
}
# Because the name becomes a folder of the vault and a key's name.
RESOURCE_NAME = re.compile(r"^\w[\w.-]{0,63}$")
_UNSAFE = re.compile(r"[^\w.-]+|\.{2,}")


@dataclass(frozen=True)
class Resource:
    """One delivery: its parts in order, and what the office says of it (format and encoding may be wrong)."""

    name: str
    title: str
    paths: tuple[Path, ...]
    format: str = ""
    encoding: str = ""
    department: str = ""
    delivery: DeliveryKind = DeliveryKind.DELTA


@dataclass(frozen=True)
class Package:
    """A source package. `as_of` None: the build takes the newest date in it. `synthetic`: its people are invented."""

    name: str
    title: str
    synthetic: bool
    as_of: date | None
    resources: tuple[Resource, ...]


def read_package(folder: Path) -> Package:
    """The package at `folder`: described by datapackage.json, or a bare table file, or a folder of them.

    Refuses (DataFault) a broken description, missing files, and paths that leave the folder.
    """
    if folder.is_file():
        return _bare_package([folder], name=folder.stem)
    if not folder.is_dir():
        raise DataFault(
            "package.missing",
            "找不到数据包",
            where=Where(file=folder.name),
            remedy="请核对路径后重试。",
        )
    description = folder / DESCRIPTION
    if description.is_file():
        return _described_package(folder, _read_description(description))
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in TABLE_SUFFIXES and path.is_file() and path.name[0] not in ".~"
    )
    if not files:
        raise DataFault(
            "package.empty",
            f"文件夹里没有 {DESCRIPTION}，也没有表格文件",
            where=Where(file=folder.name),
            remedy="请放入 CSV、XLSX 或 XLS 文件。",
        )
    return _bare_package(files, name=folder.resolve().name)


def _bare_package(files: list[Path], *, name: str) -> Package:
    names = Counter[str]()
    resources = []
    for path in files:
        stem = _safe_name(path.stem)
        names[stem] += 1
        unique = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
        resources.append(Resource(name=unique, title=path.stem, paths=(path,)))
    return Package(_safe_name(name), name, synthetic=False, as_of=None, resources=tuple(resources))


def _safe_name(text: str) -> str:
    """A name the vault takes, from a file's name."""
    folded = _UNSAFE.sub("-", unicodedata.normalize("NFKC", text)).strip("-.")
    return folded[:60] or "table"


def _read_description(path: Path) -> dict[str, Any]:
    fault = _describer()
    if path.stat().st_size > DESCRIPTION_BYTES:
        raise fault("太大，不像一份说明")
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise fault("不是 UTF-8 编码") from None
    except json.JSONDecodeError as error:
        raise DataFault(
            "package.broken",
            "不是合法的 JSON",
            where=Where(file=DESCRIPTION, row=error.lineno),
            remedy=f"请检查第 {error.lineno} 行第 {error.colno} 个字符附近的括号、引号和逗号。",
        ) from None
    except (RecursionError, ValueError):
        raise fault("不是合法的 JSON") from None
    if not isinstance(value, dict):
        raise fault("最外层应是一个对象 {…}")
    return value


class _describer:  # noqa: N801 - reads as a verb where it is called
    """Makes faults of the description that all look alike."""

    def __call__(self, sentence: str, *, resource: str = "") -> DataFault:
        return DataFault(
            "package.broken",
            (f"资源“{resource}”" if resource else "数据包说明") + sentence,
            where=Where(file=DESCRIPTION),
            remedy="请按《数据包格式》改正后重试。",
        )


def _described_package(folder: Path, value: Mapping[str, Any]) -> Package:
    fault = _describer()
    listed = value.get("resources")
    if not isinstance(listed, list) or not listed:
        raise fault("里没有 resources 清单")
    if len(listed) > RESOURCES:
        raise fault(f"列了 {len(listed)} 个资源，最多 {RESOURCES} 个")
    resources = tuple(_resource(folder, item, number) for number, item in enumerate(listed, 1))
    doubled = [name for name, count in Counter(r.name for r in resources).items() if count > 1]
    if doubled:
        raise fault("的名称重复", resource=doubled[0])
    synthetic = value.get("synthetic", False)
    if not isinstance(synthetic, bool):
        raise fault("的 synthetic 只能是 true 或 false")
    name = _text(value, "name") or folder.resolve().name
    return Package(
        name=_safe_name(name),
        title=_text(value, "title") or name,
        synthetic=synthetic,
        as_of=_as_of(value),
        resources=resources,
    )


def _as_of(value: Mapping[str, Any]) -> date | None:
    written = _text(value, "as_of")
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _describer()("的 as_of 不是日期，应写成 2026-11-22 这样") from None


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > 1000:
        raise _describer()(f"的 {key} 应是一段文字")
    return found.strip()


def _resource(folder: Path, value: Any, number: int) -> Resource:
    fault = _describer()
    if not isinstance(value, dict):
        raise fault(f"的第 {number} 个资源应是一个对象 {{…}}")
    name = _text(value, "name")
    if not RESOURCE_NAME.match(name) or ".." in name:
        raise fault(f"的第 {number} 个资源没有可用的 name（字母、数字、汉字、._-，最多 64 个字）")
    return Resource(
        name=name,
        title=_text(value, "title") or name,
        paths=_paths(folder, value.get("path"), name),
        format=_text(value, "format"),
        encoding=_text(value, "encoding"),
        department=_text(value, "department"),
        delivery=_delivery(value, name),
    )


def _delivery(value: Mapping[str, Any], name: str) -> DeliveryKind:
    """Unsaid means delta: only a delivery that says it is full may end what it does not name."""
    written = _text(value, "delivery") or DeliveryKind.DELTA.value
    try:
        return DeliveryKind(written)
    except ValueError:
        raise _describer()("的 delivery 只能是 full、delta 或 append", resource=name) from None


def _paths(folder: Path, value: Any, name: str) -> tuple[Path, ...]:
    fault = _describer()
    written = value if isinstance(value, list) else [value]
    if not written or not all(isinstance(item, str) and item.strip() for item in written):
        raise fault("没有写 path（文件的相对路径）", resource=name)
    if len(set(written)) != len(written):
        raise fault("的 path 里同一个文件写了两次", resource=name)
    return tuple(_inside(folder, item, name) for item in written)


def _inside(folder: Path, written: str, name: str) -> Path:
    """The file meant, links followed; refused if it lies outside the package."""
    root = folder.resolve()
    outside = _describer()("的 path 指向数据包以外，不予读取", resource=name)
    if "://" in written or "\x00" in written or "\\" in written:
        raise outside
    try:
        target = (root / written).resolve()
    except (OSError, RuntimeError, ValueError):
        raise outside from None
    if not target.is_relative_to(root):
        raise outside
    if not target.is_file():
        raise DataFault(
            "package.file_missing",
            f"资源“{name}”的文件不在数据包里",
            where=Where(file=Path(written).name),
            remedy=f"请补上文件，或改正 {DESCRIPTION} 里的 path。",
        )
    return target
