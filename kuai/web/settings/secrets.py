"""The web secret: made on first use, kept with the keys beside the store, never in the store or the code."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from kuai.kit.errors import Refusal


def read_or_create_secret(path: Path) -> str:
    """The secret at `path`; the first caller makes it (mode 600), racing callers all read the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A name of its own for every caller: threads of one process race too.
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.{os.getpid()}.part")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(64), encoding="utf-8")
        try:
            # A link refuses to replace: whoever comes second keeps the first one's secret.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="utf-8").strip()


def read_secret_file(path: str) -> str:
    """The first line of a file that nobody else can read; "" where no file is named."""
    if not path:
        return ""
    file = Path(path)
    if not file.is_file() or file.stat().st_mode & 0o077:
        raise Refusal(
            "settings.secret_file",
            f"密钥文件 {path} 不在，或别人也能读。",
            next_step=f"检查路径，运行 chmod 600 {path}。",
        )
    lines = file.read_text(encoding="utf-8").splitlines()
    return lines[0].strip() if lines else ""
