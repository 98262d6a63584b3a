#!/usr/bin/env bash
# Make sure the named Debian packages are there: install them if we may, else name them and say how.
set -uo pipefail
missing=()
for package in "$@"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "安装 Debian 软件包：${missing[*]}"
  if { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >/tmp/kuai-apt.log 2>&1; then
    exit 0
  fi
  tail -n 5 /tmp/kuai-apt.log >&2
fi
echo "缺少 Debian 软件包：${missing[*]}。请运行：sudo apt-get install ${missing[*]}" >&2
exit 1
