"""Commands run as other users of the operating system than the test's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kuai.kit.store import Store
from tests.stories.towns import LONGEST_COMMAND_S, Answer, environment, run_warm

PASSWORD = "three-quiet-herons"
# What the machine's own register of users would say; everything after it is the real command.
AS_SOMEBODY_ELSE = """
import pwd, sys
from types import SimpleNamespace
login = sys.argv.pop(1)
pwd.getpwuid = lambda uid: SimpleNamespace(pw_name=login)
from kuai.cli.main import main
main()
"""


def run_as(
    login: str, *words: object, typed: str = "", settings: dict[str, str] | None = None
) -> Answer:
    """Run `kuai WORDS` as the operating system's user `login`."""
    if not settings:
        # Forked from the warm one, and as without a terminal as the one below.
        return run_warm(*words, login=login, typed=typed)
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE, login, *(str(word) for word in words)],
        env=environment(settings),
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_COMMAND_S,
        check=False,
        # Without a terminal, so that a password is read from what is typed here.
        start_new_session=True,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def run_well_as(login: str, *words: object) -> Answer:
    answer = run_as(login, *words)
    assert answer.exit_code == 0, f"{login}: kuai {words} -> {answer.exit_code}\n{answer.stderr}"
    return answer


def password_file(folder: Path, password: str = PASSWORD) -> Path:
    path = folder / "password"
    path.write_text(f"{password}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def open_account(opener: str, login: str, role: str, *, store: Store, area: str = "") -> Answer:
    """`kuai accounts open`, with a staff number that is the login's own."""
    areas = ("--area", area) if area else ()
    return run_as(
        opener,
        *("accounts", "open", login, "--role", role, "--name", "某人", "--staff-no", f"K-{login}"),
        *areas,
        *("--password-file", password_file(store.root.parent), "--store", store.root),
    )


def ledger_actions(store: Store, folder: Path) -> list[dict]:
    """The entries of the sealed ledger, as an auditor carries them away."""
    run_well_as("somebody", "ledger", "export", "-o", folder, "--store", store.root)
    (entries,) = folder.glob("entries-*.jsonl")
    return [json.loads(line) for line in entries.read_text(encoding="utf-8").splitlines()]
