#!/usr/bin/env bash
# Virtual environment with the pinned packages. Uses whatever index pip is set up with; names none.
set -euo pipefail
PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Kuai 需要 Python 3.11 或更新版本；现在是 $("$PYTHON" --version)。请用 make PYTHON=/path/to/python3.11 setup" >&2
  exit 1
fi
if [ ! -x "$VENV/bin/python" ]; then
  if ! "$PYTHON" -m venv "$VENV"; then
    rm -rf "$VENV"
    echo "无法建立虚拟环境：请先安装 Debian 软件包 python3-venv（apt-get install python3-venv）" >&2
    exit 1
  fi
fi
echo "安装 Python 软件包（首次约半分钟）……"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
