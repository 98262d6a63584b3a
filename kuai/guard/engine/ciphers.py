"""Ciphers as small providers, so that SM4-GCM or a certified module can take AES's place (4-standards 4.5).

Every wrapped key and sealed file names its cipher, so old files stay readable after a change. The software
providers are no claim of 密评 conformity: that asks for a certified product behind the same protocol.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kuai.kit.errors import Breakdown

NONCE_BYTES = 12
TAG_BYTES = 16


class CryptoProvider(Protocol):
    """An authenticated cipher. `open` raises `cryptography.exceptions.InvalidTag` on anything altered."""

    name: str
    key_bytes: int

    def seal(self, key: bytes, *, nonce: bytes, content: bytes, bound_to: bytes) -> bytes:
        """Encrypt `content`; the result carries the tag and is only readable with the same `bound_to`."""

    def open(self, key: bytes, *, nonce: bytes, sealed: bytes, bound_to: bytes) -> bytes:
        """Inverse of `seal`."""


class Aes256Gcm:
    """The software default."""

    name = "AES-256-GCM"
    key_bytes = 32

    def seal(self, key: bytes, *, nonce: bytes, content: bytes, bound_to: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, content, bound_to)

    def open(self, key: bytes, *, nonce: bytes, sealed: bytes, bound_to: bytes) -> bytes:
        return AESGCM(key).decrypt(nonce, sealed, bound_to)


class Sm4Gcm:
    """GB/T 32907 SM4 in GCM mode, for installations that must use national ciphers."""

    name = "SM4-GCM"
    key_bytes = 16

    def seal(self, key: bytes, *, nonce: bytes, content: bytes, bound_to: bytes) -> bytes:
        encryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound_to)
        return encryptor.update(content) + encryptor.finalize() + encryptor.tag

    def open(self, key: bytes, *, nonce: bytes, sealed: bytes, bound_to: bytes) -> bytes:
        if len(sealed) < TAG_BYTES:
            raise InvalidTag
        tag = sealed[-TAG_BYTES:]
        decryptor = Cipher(algorithms.SM4(key), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(bound_to)
        return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()


PROVIDERS: dict[str, CryptoProvider] = {}


def register_provider(provider: CryptoProvider) -> None:
    """Make `provider` usable under its name (a hardware module registers itself here at start)."""
    PROVIDERS[provider.name] = provider


def find_provider(name: str) -> CryptoProvider:
    """The provider called `name`; without it nothing sealed by it can be read."""
    if name not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise Breakdown(f"no cipher provider {name!r} is registered (known: {known})")
    return PROVIDERS[name]


register_provider(Aes256Gcm())
register_provider(Sm4Gcm())
