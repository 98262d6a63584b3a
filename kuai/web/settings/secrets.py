"""The web secret: made on first use, kept with the keys beside the store, never in the store or the code."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


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
