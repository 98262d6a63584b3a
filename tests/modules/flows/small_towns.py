"""A town of two registers, small enough to be built many times in one test; invented firms and a few visits to them.

Its places are of no library, so it is washed against the shipped divisions: visits and firms, no rooms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from kuai.flows.build import BuildResult, build_package
from kuai.flows.registration import gate_of, registrar_of
from kuai.kit.store import Store, write_json

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
DAY = date(2026, 10, 31)
FIRM_HEADINGS = ("统一社会信用代码", "企业名称", "企业类型", "法定代表人", "成立日期", "住所")
VISIT_HEADINGS = ("检查编号", "检查日期", "统一社会信用代码", "单位名称", "检查类型", "检查结果")
FIRMS = (
    ("91440399MA5AAAAA0U", "深圳某甲贸易有限公司"),
    ("91440399MA5AAAAB9G", "深圳某乙科技有限公司"),
    ("91440399MA5AAAAC7B", "深圳某丙餐饮有限公司"),
)
Rows = list[tuple[str, ...]]


def firm_rows(*numbers: int) -> Rows:
    return [
        (*FIRMS[number], "有限责任公司", "张测试", "2020-01-0" + str(number + 1), "深圳市坪山区")
        for number in numbers
    ]


def visit(number: str, day: str, firm: int, *, result: str = "合格") -> tuple[str, ...]:
    return (number, day, *FIRMS[firm], "消防检查", result)


@dataclass
class SmallTown:
    """A store, and how deliveries come into it."""

    root: Path
    store: Store
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    serial: int = 0

    def deliver(
        self, name: str, headings: tuple[str, ...], rows: Rows, *, delivery: str = "full"
    ) -> None:
        """What the next package brings of this source."""
        self.serial += 1
        path = self.root / f"{name}-{self.serial}.csv"
        lines = [",".join(headings), *(",".join(row) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.resources[name] = {
            "name": name,
            "title": name,
            "path": path.name,
            "department": "演示部门",
            "delivery": delivery,
        }

    def build(self, *, as_of: date = DAY) -> BuildResult:
        """A package of what was delivered last of each source, built."""
        write_json(
            self.root / "datapackage.json",
            {
                "name": "small",
                "title": "小镇",
                "synthetic": True,
                "as_of": as_of.isoformat(),
                "resources": list(self.resources.values()),
            },
        )
        return build_package(
            self.root,
            self.store,
            registrar=registrar_of(synthetic=True, at=NOW),
            gate_on=gate_of(synthetic=True),
        )

    def rows(self, table: str, *, version: str = "") -> list[dict[str, Any]]:
        """A core table of the published build, or of one of the builds."""
        build = self.store.builds / version if version else self.store.current_build()
        return pq.read_table(build / "core" / f"{table}.parquet").to_pylist()


def small_town(folder: Path) -> SmallTown:
    """A town with three firms and two visits, not yet built."""
    package = folder / "package"
    package.mkdir(parents=True)
    town = SmallTown(package, Store(folder / "store").create())
    town.deliver("firms", FIRM_HEADINGS, firm_rows(0, 1, 2))
    town.deliver(
        "visits", VISIT_HEADINGS, [visit("J1", "2026-09-01", 0), visit("J2", "2026-09-02", 1)]
    )
    return town
