"""What an envelope seals opens by its passphrase alone, whole and in its place, or not at all."""

from __future__ import annotations

import io

import pytest

from kuai.guard.engine import envelopes
from kuai.guard.engine.envelopes import CHUNK_BYTES, Envelope, make_envelope, open_envelope
from kuai.kit.errors import Breakdown, Refusal

PASSPHRASE = "four words nobody guesses"
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES)


@pytest.fixture(scope="module")
def envelope() -> Envelope:
    return make_envelope(PASSPHRASE)


def sealed(envelope: Envelope, content: bytes, *, name: str = "a/b") -> bytes:
    return b"".join(envelope.seal(io.BytesIO(content), name=name))


def opened(envelope: Envelope, content: bytes, *, name: str = "a/b") -> bytes:
    return b"".join(envelope.open(io.BytesIO(content), name=name))


@pytest.mark.parametrize("size", SIZES)
def test_a_file_of_any_size_comes_back(envelope: Envelope, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert opened(envelope, sealed(envelope, content[:size])) == content[:size]


def test_the_passphrase_opens_the_card_and_another_does_not(envelope: Envelope) -> None:
    hidden = sealed(envelope, b"kept")
    assert opened(open_envelope(envelope.card, PASSPHRASE), hidden) == b"kept"
    with pytest.raises(Refusal) as refused:
        open_envelope(envelope.card, PASSPHRASE + "!")
    assert refused.value.code == "envelope.passphrase_wrong"


def test_what_was_altered_cut_off_or_moved_does_not_open(envelope: Envelope) -> None:
    hidden = sealed(envelope, b"x" * (2 * CHUNK_BYTES + 5))
    whole_chunk = CHUNK_BYTES + envelopes.TAG_BYTES
    spoiled = {
        "altered": hidden[:-1] + bytes([hidden[-1] ^ 1]),
        "cut between chunks": hidden[: 2 * whole_chunk],
        "chunks exchanged": hidden[whole_chunk : 2 * whole_chunk]
        + hidden[:whole_chunk]
        + hidden[2 * whole_chunk :],
        "nothing left": b"",
    }
    for content in spoiled.values():
        with pytest.raises(Breakdown):
            opened(envelope, content)
    with pytest.raises(Breakdown):
        opened(envelope, hidden, name="a/c")


def test_a_short_passphrase_and_a_card_that_asks_for_other_work_are_refused(
    envelope: Envelope,
) -> None:
    with pytest.raises(Refusal) as refused:
        make_envelope("short")
    assert refused.value.code == "envelope.passphrase_short"
    with pytest.raises(Breakdown):
        open_envelope({**envelope.card, "work": [2**24, 8, 1]}, PASSPHRASE)
