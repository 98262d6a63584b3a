"""T4: ten thousand random tamperings of a ledger file, each found and located at its line."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kuai.guard import actions
from kuai.guard.engine import chain, merkle
from kuai.guard.engine.checkpoints import Checkpoint, LedgerSigner, NoteVerifier, read_notes
from kuai.guard.engine.verifying import LedgerFault, find_faults
from kuai.kit.errors import Refusal

ORIGIN = "kuai-ledger/test"
SIGNER = LedgerSigner.from_seed(b"\x07" * 32, origin=ORIGIN)
VERIFIER = NoteVerifier.from_text(SIGNER.verifier_key())
START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
ENTRIES = 90
BATCH = 13
TRIALS = 10_000


def entry_bytes(sequence: int, note: str = "") -> bytes:
    return chain.canonical_bytes(
        {
            "action": "person.read",
            "actor": f"worker{sequence % 7}",
            "objects": [f"person:P-{sequence:08d}-K"],
            "recorded_at": (START + timedelta(seconds=sequence)).isoformat(),
            "sequence": sequence,
            "ticket": f"T-{sequence % 5}{note}",
        }
    )


def lay_chain(entries: list[bytes]) -> list[bytes]:
    previous = chain.chain_start(ORIGIN)
    lines = []
    for entry in entries:
        previous = chain.chain_link(entry, previous=previous)
        lines.append(chain.encode_line(entry, chain=previous))
    return lines


def sign_batches(entries: list[bytes], lines: list[bytes]) -> list[str]:
    frontier = merkle.Frontier()
    notes = []
    marks: list[bytes] = []
    for number, (entry, line) in enumerate(zip(entries, lines, strict=True), start=1):
        leaf = merkle.leaf_hash(entry)
        frontier.add(leaf)
        marks.append(leaf[:8])
        if number % BATCH == 0 or number == len(entries):
            split = chain.split_line(line)
            assert split
            head = bytes.fromhex(split[1].decode())
            moment = START + timedelta(minutes=number)
            notes.append(
                SIGNER.sign(Checkpoint(ORIGIN, number, frontier.root(), head, moment, tuple(marks)))
            )
            marks = []
    return notes


GENUINE = [entry_bytes(number) for number in range(1, ENTRIES + 1)]
HEADER = chain.FileHeader.at_start(ORIGIN).encode()
LINES = lay_chain(GENUINE)
NOTES = sign_batches(GENUINE, LINES)
CHECKPOINTS = [VERIFIER.read(note) for note in NOTES]

# A tampering returns the altered lines and the file lines (header = 1) at which a fault must be named.
Tampering = Callable[[random.Random, list[bytes]], tuple[list[bytes], set[int]]]


def flip_a_bit(dice: random.Random, lines: list[bytes]) -> tuple[list[bytes], set[int]]:
    at = dice.randrange(len(lines))
    altered = bytearray(lines[at])
    place = dice.randrange(len(altered) - 1)
    altered[place] ^= 1 << dice.randrange(8)
    if altered[place] == 0x0A:
        altered[place] = 0x20
    lines[at] = bytes(altered)
    return lines, {at + 2}


def alter_and_rehash_the_line(
    dice: random.Random, lines: list[bytes]
) -> tuple[list[bytes], set[int]]:
    at = dice.randrange(len(lines))
    entries = [*GENUINE[:at], entry_bytes(at + 1, note="9")]
    lines[at] = lay_chain(entries)[at]
    return lines, {at + 2}


def alter_and_rewrite_all_after(
    dice: random.Random, lines: list[bytes]
) -> tuple[list[bytes], set[int]]:
    at = dice.randrange(len(lines))
    return lay_chain([*GENUINE[:at], entry_bytes(at + 1, note="9"), *GENUINE[at + 1 :]]), {at + 2}


def delete_lines(dice: random.Random, lines: list[bytes]) -> tuple[list[bytes], set[int]]:
    at = dice.randrange(len(lines) - 1)
    count = dice.randint(1, min(5, len(lines) - 1 - at))
    return [*lines[:at], *lines[at + count :]], {at + 2}


def delete_a_line_and_rewrite_all_after(
    dice: random.Random, lines: list[bytes]
) -> tuple[list[bytes], set[int]]:
    at = dice.randrange(len(lines) - 1)
    return lay_chain([*GENUINE[:at], *GENUINE[at + 1 :]]), {at + 2}


def insert_a_line(dice: random.Random, lines: list[bytes]) -> tuple[list[bytes], set[int]]:
    at = dice.randint(0, len(lines))
    forged = chain.encode_line(entry_bytes(at + 1, note="7"), chain=dice.randbytes(32))
    return [*lines[:at], forged, *lines[at:]], {at + 2}


def insert_a_line_and_rewrite_all_after(
    dice: random.Random, lines: list[bytes]
) -> tuple[list[bytes], set[int]]:
    at = dice.randint(0, len(lines))
    return lay_chain([*GENUINE[:at], entry_bytes(at + 1, note="7"), *GENUINE[at:]]), {at + 2}


def swap_two_lines(dice: random.Random, lines: list[bytes]) -> tuple[list[bytes], set[int]]:
    one, other = dice.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return lines, {one + 2, other + 2}


def truncate(dice: random.Random, lines: list[bytes]) -> tuple[list[bytes], set[int]]:
    at = dice.randrange(len(lines))
    return lines[:at], {at + 2}


TAMPERINGS: list[Tampering] = [
    flip_a_bit,
    alter_and_rehash_the_line,
    alter_and_rewrite_all_after,
    delete_lines,
    delete_a_line_and_rewrite_all_after,
    insert_a_line,
    insert_a_line_and_rewrite_all_after,
    swap_two_lines,
    truncate,
]
KINDS = {
    "flip_a_bit": {"altered"},
    "alter_and_rehash_the_line": {"altered"},
    "alter_and_rewrite_all_after": {"altered"},
    "delete_lines": {"deleted"},
    "delete_a_line_and_rewrite_all_after": {"deleted"},
    "insert_a_line": {"inserted", "unproven"},
    "insert_a_line_and_rewrite_all_after": {"inserted", "unproven"},
    "swap_two_lines": {"moved"},
    "truncate": {"truncated"},
}


def faults_of(
    lines: list[bytes], checkpoints: list[Checkpoint] | None = CHECKPOINTS
) -> list[LedgerFault]:
    return find_faults([HEADER, *lines], checkpoints=checkpoints)[1]


def test_an_untouched_ledger_is_whole_with_and_without_checkpoints() -> None:
    assert find_faults([HEADER, *LINES], checkpoints=CHECKPOINTS) == (ENTRIES, [])
    assert find_faults([HEADER, *LINES], checkpoints=None) == (ENTRIES, [])
    assert find_faults([HEADER, *LINES], checkpoints=CHECKPOINTS[-1:]) == (ENTRIES, [])


def test_ten_thousand_tamperings_are_found_and_located_at_their_lines() -> None:
    dice = random.Random(20261122)
    missed = []
    for trial in range(TRIALS):
        tamper = TAMPERINGS[trial % len(TAMPERINGS)]
        lines, expected = tamper(dice, list(LINES))
        faults = faults_of(lines)
        kinds = {fault.kind for fault in faults}
        if {fault.line for fault in faults} != expected or not kinds <= KINDS[tamper.__name__]:
            missed.append((trial, tamper.__name__, sorted(expected), faults))
    assert missed == []


def test_the_last_checkpoint_alone_finds_every_tampering() -> None:
    dice = random.Random(7)
    for trial in range(900):
        tamper = TAMPERINGS[trial % len(TAMPERINGS)]
        lines, expected = tamper(dice, list(LINES))
        faults = faults_of(lines, CHECKPOINTS[-1:])
        assert faults, (trial, tamper.__name__, expected)


@pytest.mark.parametrize(
    "tamper", [flip_a_bit, alter_and_rehash_the_line, delete_lines, insert_a_line, swap_two_lines]
)
def test_the_chain_alone_breaks_at_the_line_or_the_one_after(tamper: Tampering) -> None:
    dice = random.Random(11)
    for _ in range(200):
        lines, expected = tamper(dice, list(LINES))
        faults = faults_of(lines, None)
        near = {line + step for line in expected for step in (0, 1)}
        is_last_line_rehashed = tamper is alter_and_rehash_the_line and expected == {ENTRIES + 1}
        assert faults or is_last_line_rehashed
        if tamper is not delete_lines:
            assert {fault.line for fault in faults} <= near


def test_the_chain_alone_does_not_promise_to_find_a_cut_tail() -> None:
    assert faults_of(LINES[:50], None) == []
    assert faults_of(LINES[:50])[0].kind == "truncated"


def test_several_faults_are_all_named() -> None:
    lines = list(LINES)
    lines[4] = lines[4].replace(b"worker", b"walker")
    lines[70] = lines[70].replace(b"worker", b"walker")
    del lines[40:43]
    faults = faults_of(lines)
    assert [(fault.kind, fault.line, fault.sequence) for fault in faults] == [
        ("altered", 6, 5),
        ("deleted", 42, 41),
        ("altered", 69, 71),
    ]
    assert "第 41 至 43 条（共 3 条）" in faults[1].sentence


@pytest.mark.parametrize("line", [b"", b"{}\n", HEADER.replace(b"1", b"2", 1), LINES[0]])
def test_a_damaged_header_is_named(line: bytes) -> None:
    entries, faults = find_faults([line, *LINES], checkpoints=CHECKPOINTS)
    assert [(fault.kind, fault.line) for fault in faults] == [("header", 1)]
    assert entries == ENTRIES


def test_a_later_file_goes_on_where_the_one_before_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kuai.guard.engine.verifying.ENTRIES_PER_FILE", 40)
    frontier = merkle.Frontier()
    for entry in GENUINE[:40]:
        frontier.add(merkle.leaf_hash(entry))
    split = chain.split_line(LINES[39])
    assert split
    head = bytes.fromhex(split[1].decode())
    header = chain.FileHeader(ORIGIN, 41, head, tuple(frontier.nodes)).encode()
    first, second = [HEADER, *LINES[:40]], [header, *LINES[40:80]]
    for lines in (first, second):
        assert find_faults(lines, checkpoints=CHECKPOINTS) == (40, [])
        assert find_faults(lines[:-1], checkpoints=CHECKPOINTS)[1][0].kind == "truncated"
        lines[20] = lines[20].replace(b"worker", b"walker")
        assert [fault.line for fault in find_faults(lines, checkpoints=CHECKPOINTS)[1]] == [21]


def test_a_changed_deleted_or_foreign_checkpoint_is_named(tmp_path: Path) -> None:
    folder = lay_folder(tmp_path)
    notes = folder / "checkpoints.txt"
    genuine = notes.read_text()
    assert verify(folder).is_whole
    assert verify(folder).anchored_at == ENTRIES

    notes.write_text(genuine.replace("\n26\n", "\n27\n"))
    verdict = verify(folder)
    assert {fault.kind for fault in verdict.faults} == {"checkpoint"}
    assert "签名不成立" in verdict.faults[0].sentence
    assert verdict.faults[0].line == genuine[: genuine.index("\n26\n")].count("\n") + 1

    notes.write_text("".join(note + "\n" for note in [*NOTES[:2], *NOTES[3:]]))
    assert "不相连" in verify(folder).faults[0].sentence

    stranger = LedgerSigner.from_seed(b"\x08" * 32, origin=ORIGIN)
    verdict = actions.verify_ledger_file(
        folder / "entries.jsonl", notes, public_key=stranger.verifier_key()
    )
    assert len(verdict.faults) == len(NOTES) - 1


def test_a_witness_may_sign_beside_us() -> None:
    witness = "— witness.example/w1 " + "A" * 96 + "\n"
    assert VERIFIER.read(NOTES[0] + witness) == CHECKPOINTS[0]
    content = NOTES[0] + witness + "\n" + NOTES[1] + "\n"
    assert [note.checkpoint for note in read_notes(content, verifier=VERIFIER)] == CHECKPOINTS[:2]


def test_verification_needs_neither_django_nor_a_database(tmp_path: Path) -> None:
    folder = lay_folder(tmp_path)
    code = (
        "import sys; from pathlib import Path; from kuai.guard.actions import verify_ledger_file;"
        f"v = verify_ledger_file(Path({str(folder / 'entries.jsonl')!r}),"
        f" Path({str(folder / 'checkpoints.txt')!r}));"
        "assert v.is_whole and v.entries == 90 and 'django' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_files_and_keys_are_refused(tmp_path: Path) -> None:
    folder = lay_folder(tmp_path)
    with pytest.raises(Refusal, match="没有账本文件"):
        actions.verify_ledger_file(folder / "nowhere.jsonl")
    with pytest.raises(Refusal, match="没有检查点文件"):
        actions.verify_ledger_file(folder / "entries.jsonl", folder / "nowhere.txt")
    (folder / "ledger.pub").write_text("nonsense")
    with pytest.raises(Refusal, match="公钥"):
        verify(folder)


def lay_folder(folder: Path) -> Path:
    (folder / "entries.jsonl").write_bytes(b"".join([HEADER, *LINES]))
    (folder / "checkpoints.txt").write_text("".join(note + "\n" for note in NOTES))
    (folder / "ledger.pub").write_text(SIGNER.verifier_key() + "\n")
    return folder


def verify(folder: Path) -> actions.LedgerVerdict:
    return actions.verify_ledger_file(folder / "entries.jsonl", folder / "checkpoints.txt")
