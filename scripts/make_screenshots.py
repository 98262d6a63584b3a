"""Write docs/pictures/*.png: starts the portal on a demo store, logs in as its roles, looks at the pages.

    .venv/bin/python scripts/make_screenshots.py --store var/demo

The store must be synthetic (`make demo` builds one); Chromium comes from the machine.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
CHROMIUM = Path("/usr/bin/chromium")
# WebGL 2 without a graphics card.
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
DESKTOP = (1280, 800)
PHONE = (375, 812)
SECONDS_TO_START = 60
# The first community of the demo city of `make demo`.
COMMUNITY = "440310001001"


@dataclass(frozen=True)
class Picture:
    """One page as one role sees it."""

    name: str
    role: str
    path: str
    size: tuple[int, int] = DESKTOP


PICTURES = (
    Picture("portal", "leader", "/blocks/"),
    Picture("sources", "data-steward", "/sources/"),
    Picture("ledger", "auditor", "/ledger/"),
    Picture("phone", "leader", "/blocks/", PHONE),
    Picture("library", "data-steward", f"/addresses/library/{COMMUNITY}/"),
    Picture("grids", "data-steward", f"/addresses/grids/{COMMUNITY}/?what=drawn&target=200"),
    Picture("library-phone", "subdistrict-clerk", f"/addresses/library/{COMMUNITY}/", PHONE),
)


def find_free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_portal(store: Path, port: int) -> subprocess.Popen[bytes]:
    """The portal on `store`; returns when it answers."""
    program = (
        "import sys; from pathlib import Path; from kuai.kit.store import Store;"
        " from kuai.web.serving import serve;"
        " serve(Store(Path(sys.argv[1])), port=int(sys.argv[2]), workers=1)"
    )
    portal = subprocess.Popen(
        [sys.executable, "-c", program, str(store), str(port)], cwd=REPOSITORY
    )
    began = time.monotonic()
    while time.monotonic() - began < SECONDS_TO_START:
        if portal.poll() is not None:
            sys.exit("门户没有启动，见上面的信息。")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=1)
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
        else:
            return portal
    portal.terminate()
    sys.exit("门户一分钟内没有启动。")


def take_pictures(url: str, password: str, folder: Path) -> None:
    """Each picture in a browser of its own, so that no login is left over."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for picture in PICTURES:
            width, height = picture.size
            page = browser.new_page(
                base_url=url,
                viewport={"width": width, "height": height},
                reduced_motion="reduce",
                locale="zh-CN",
            )
            page.goto("/login/")
            if picture.role:
                page.fill("#id_username", f"demo-{picture.role}")
                page.fill("#id_password", password)
                page.click("[data-login-button]")
                page.wait_for_url("**/")
            page.goto(picture.path)
            page.wait_for_load_state("networkidle")
            if picture.path.startswith(("/blocks/", "/addresses/")):
                page.wait_for_selector("[data-map-state=ready]")
            # The map's tiles and the chart settle after their data have come.
            page.wait_for_timeout(800)
            page.screenshot(path=folder / f"{picture.name}.png")
            page.close()
            print(f"{picture.name}.png {width}x{height}")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=REPOSITORY / "var" / "demo")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "docs" / "pictures")
    options = parser.parse_args()
    if not CHROMIUM.exists():
        sys.exit("没有 /usr/bin/chromium。请运行 apt-get install chromium fonts-noto-cjk。")
    if not (options.store / "current").exists():
        sys.exit(f"{options.store} 里没有建好的版本。请先运行 make demo。")
    port = find_free_port()
    portal = start_portal(options.store.resolve(), port)
    try:
        keys = options.store.with_name(options.store.name + ".keys")
        password = json.loads((keys / "demo.json").read_text(encoding="utf-8"))["password"]
        take_pictures(f"http://127.0.0.1:{port}", password, options.out)
    finally:
        portal.send_signal(signal.SIGTERM)
        portal.wait(timeout=30)


if __name__ == "__main__":
    main()
