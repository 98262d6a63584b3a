"""Files sealed for a journey: a passphrase opens the envelope's card, the card's key opens the files, chunk by chunk.

For backups, whose keys must not hang on the store's own. Not the vault: what it seals stays sealed inside of these.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kuai.guard.engine.ciphers import NONCE_BYTES, TAG_BYTES, find_provider
from kuai.guard.engine.keys import DEFAULT_CIPHER
from kuai.kit.errors import Breakdown, Refusal

KEY_BYTES = 32
SALT_BYTES = 16
# OWASP's first choice for scrypt (2024): 128 MB for each guess.
SCRYPT_WORK, SCRYPT_BLOCK, SCRYPT_PARALLEL = 2**17, 8, 1
SHORTEST_PASSPHRASE = 16
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Envelope:
    """An opened envelope: its card, which may lie in the open, and the key, which may not."""

    card: dict[str, Any]
    secret: bytes

    def __repr__(self) -> str:
        return "Envelope()"

    def seal(self, source: BinaryIO, *, name: str) -> Iterator[bytes]:
        """The sealed chunks of `source`; `name` is where the file lies, so that no two can be exchanged."""
        cipher, key = find_provider(self.card["cipher"]), self._key_of(name)
        number, chunk = 0, source.read(CHUNK_BYTES)
        while True:
            following = source.read(CHUNK_BYTES)
            yield cipher.seal(
                key, nonce=_nonce(number, is_last=not following), content=chunk, bound_to=b""
            )
            if not following:
                return
            number, chunk = number + 1, following

    def open(self, sealed: BinaryIO, *, name: str) -> Iterator[bytes]:
        """Inverse of `seal`; a Breakdown on anything altered, cut off or moved from its place."""
        cipher, key = find_provider(self.card["cipher"]), self._key_of(name)
        size = CHUNK_BYTES + TAG_BYTES
        number, chunk = 0, sealed.read(size)
        while True:
            following = sealed.read(size)
            try:
                yield cipher.open(
                    key, nonce=_nonce(number, is_last=not following), sealed=chunk, bound_to=b""
                )
            except InvalidTag as cause:
                raise Breakdown(
                    f"sealed file {name} was altered, cut off or moved, or is another backup's"
                ) from cause
            if not following:
                return
            number, chunk = number + 1, following

    def mark(self, content: bytes) -> str:
        """A keyed digest of `content`, as hex: nobody makes it without the passphrase."""
        key = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"kuai-envelope-mark").derive(self.secret)
        return hmac.new(key, content, "sha256").hexdigest()

    def _key_of(self, name: str) -> bytes:
        # A key a file: thus nonces that count from nought in every file never meet.
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"kuai-envelope:" + name.encode()).derive(
            self.secret
        )


def make_envelope(passphrase: str) -> Envelope:
    """A new envelope that `passphrase` opens; refuses a short one."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refusal(
            "envelope.passphrase_short",
            f"备份口令要 {SHORTEST_PASSPHRASE} 个字符以上。",
            next_step="用几个不相干的词连成一句，写下来锁进保险柜。",
        )
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    secret = secrets.token_bytes(KEY_BYTES)
    cipher = find_provider(DEFAULT_CIPHER)
    card: dict[str, Any] = {
        "cipher": cipher.name,
        "kdf": "scrypt",
        "work": [SCRYPT_WORK, SCRYPT_BLOCK, SCRYPT_PARALLEL],
        "salt": _text(salt),
        "nonce": _text(nonce),
    }
    wrapped = cipher.seal(
        _derive(passphrase, salt), nonce=nonce, content=secret, bound_to=b"kuai-envelope"
    )
    return Envelope(card={**card, "wrapped": _text(wrapped)}, secret=secret)


def open_envelope(card: dict[str, Any], passphrase: str) -> Envelope:
    """The envelope of `card`; refuses a wrong passphrase."""
    # What the card asks for is not believed: a card that was tampered with could ask for all memory there is.
    if card.get("kdf") != "scrypt" or card.get("work") != [
        SCRYPT_WORK,
        SCRYPT_BLOCK,
        SCRYPT_PARALLEL,
    ]:
        raise Breakdown("an envelope sealed in a way that this programme does not know")
    try:
        secret = find_provider(card["cipher"]).open(
            _derive(passphrase, base64.b64decode(card["salt"])),
            nonce=base64.b64decode(card["nonce"]),
            sealed=base64.b64decode(card["wrapped"]),
            bound_to=b"kuai-envelope",
        )
    except InvalidTag as cause:
        raise Refusal(
            "envelope.passphrase_wrong",
            "备份口令不对（或封面被改过）。",
            next_step="核对口令文件：它的第一行就是口令。",
        ) from cause
    return Envelope(card=card, secret=secret)


def _derive(passphrase: str, salt: bytes) -> bytes:
    kdf = Scrypt(salt=salt, length=KEY_BYTES, n=SCRYPT_WORK, r=SCRYPT_BLOCK, p=SCRYPT_PARALLEL)
    return kdf.derive(passphrase.encode())


def _nonce(number: int, *, is_last: bool) -> bytes:
    # The last chunk says that it is the last: a file cut off between two chunks is noticed.
    return number.to_bytes(NONCE_BYTES - 1, "big") + (b"\1" if is_last else b"\0")


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
