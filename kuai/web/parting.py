"""A killed server must not leave processes behind that hold its port or write to its store."""

from __future__ import annotations

import os
import signal
import threading
import time

# Set by `serving.serve` for the processes it starts, so that they know whom to follow. Not a setting of a tenant.
SERVER_PID = "PORTAL_SERVER_PID"
SECONDS_BETWEEN_LOOKS = 1.0


def end_with_server() -> None:
    """End this process soon after the server that started it is gone; does nothing without such a server."""
    server = int(os.environ.get(SERVER_PID, "0"))
    if server and server != os.getpid():
        threading.Thread(target=_follow, args=(server,), daemon=True).start()


def _follow(server: int) -> None:
    # The number is handed over and not asked for here: a server killed at once would already be gone.
    while os.getppid() == server:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_BETWEEN_LOOKS * 10)
    os.kill(os.getpid(), signal.SIGKILL)
