"""Run a command against a private PostgreSQL cluster that exists only while it runs.

PostgreSQL refuses to run as root, so as root the cluster belongs to its own OS user (`postgres`, which Debian's
package creates); its data lie in a temporary folder; it listens on a Unix socket and on nothing else.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DATABASE = "kuai"


def find_binaries() -> Path:
    """The newest installed server's folder of programs."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    if not found:
        sys.exit("没有找到 PostgreSQL 服务器程序。请运行：apt-get install postgresql")
    return found[-1].parent


def run_as_owner(command: list[str]) -> None:
    """Run as the cluster's owner: `postgres` when we are root, else ourselves."""
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        cwd="/",
    )


def main() -> int:
    command = sys.argv[sys.argv.index("--") + 1 :]
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="kuai-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    cluster = str(folder / "cluster")
    try:
        run_as_owner(
            [
                str(binaries / "initdb"),
                "-D",
                cluster,
                "-U",
                DATABASE,
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
            ]
        )
        # Because the cluster dies with the tests, nothing needs to survive a crash.
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c max_connections=60"
        run_as_owner(
            [
                str(binaries / "pg_ctl"),
                "-D",
                cluster,
                "-w",
                "-o",
                options,
                "-l",
                f"{folder}/log",
                "start",
            ]
        )
        run_as_owner([str(binaries / "createdb"), "-h", str(folder), "-U", DATABASE, DATABASE])
        url = f"postgresql://{DATABASE}@/{DATABASE}?host={folder}"
        return subprocess.run(command, env={**os.environ, "KUAI_DATABASE_URL": url}).returncode
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            run_as_owner([str(binaries / "pg_ctl"), "-D", cluster, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
