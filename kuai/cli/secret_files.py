"""Passwords and passphrases handed in as files: the first line of one that nobody else can read."""

from __future__ import annotations

import stat
from pathlib import Path

from kuai.kit.errors import DataFault, Refusal, Where


def read_secret_line(path: Path) -> str:
    """The first line; refuses a file that others can read. A pipe is nobody else's."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise DataFault(
            "password.file", "读不到口令文件", where=Where(file=path.name), remedy="检查路径。"
        ) from fault
    if stat.S_ISREG(mode) and mode & 0o077:
        raise Refusal(
            "password.file_open", "口令文件别人也能读。", next_step=f"运行 chmod 600 {path}。"
        )
    return lines[0] if lines else ""
