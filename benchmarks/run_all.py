"""`make bench`: every benchmark, one after the other, each a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    failed = 0
    # The guard's figures (vault, tokens, ledger) last: the two limits are the district's.
    for script in (*sorted(FOLDER.glob("bench_*.py")), FOLDER / "guard_speed.py"):
        print(f"\n== {script.stem} ==", flush=True)
        failed += subprocess.run([sys.executable, str(script)], cwd=FOLDER).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
