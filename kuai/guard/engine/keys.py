"""The key folder beside a store: wrapping keys, and the data, token and signing keys they wrap.

Layout: `<keys>/<compartment>/wrapping-<id>.key` and `<compartment>/<purpose>.json` (wrapped), a compartment
being a zone or `ledger`. Nothing here lies in the store, so a backup of the store holds no key. Losing this
folder loses the raw values for ever; that is the point of it.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from kuai.guard.engine.ciphers import NONCE_BYTES, CryptoProvider, find_provider
from kuai.kit.atomic_files import replace_when_complete, sync_folder
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store, read_json, write_json

DEFAULT_CIPHER = "AES-256-GCM"
TOKEN_KEY_BYTES = 32
SIGNING_SEED_BYTES = 32
LEDGER_COMPARTMENT = "ledger"
# In a store restored without keys: periods whose keys are destroyed as soon as a key folder is there.
WAITING_ERASURES = "erasures-waiting.json"
# A name becomes a folder name: letters (any script), digits, underscore, dot, hyphen; no leading dot.
SAFE_NAME = re.compile(r"^\w[\w.\-]{0,119}$")


@dataclass(frozen=True)
class DataKey:
    """An unwrapped key in memory, with the cipher it is for."""

    secret: bytes
    provider: CryptoProvider

    def __repr__(self) -> str:
        return f"DataKey({self.provider.name})"


def require_safe_name(name: str, *, what: str) -> str:
    """Refuse anything that could leave the folder it is meant for."""
    if not SAFE_NAME.match(name) or ".." in name:
        raise Refusal(
            "vault.bad_name",
            f"{what}只能由字母、数字、下划线、点和连字符组成。",
            next_step=f"请改{what}后再试。",
        )
    return name


@dataclass(frozen=True)
class Keyring:
    """The opened key folder of one store. Every method reads the disk: a rotation elsewhere is seen at once."""

    folder: Path
    name: str
    cipher: str = DEFAULT_CIPHER

    def data_key(self, *, zone: str, source: str, period: str, create: bool) -> DataKey:
        """The data key of one (zone, source, period); refuses what was never sealed or has been shredded."""
        path = self._data_key_path(zone=zone, source=source, period=period)
        provider = find_provider(self.cipher)
        return self._wrapped_key(path, compartment=zone, size=provider.key_bytes, create=create)

    def token_key(self, zone: str) -> bytes:
        """The zone's token key: made once, then stable (tokens change only by re-tokenising a zone)."""
        path = self.folder / zone / "token.json"
        return self._wrapped_key(path, compartment=zone, size=TOKEN_KEY_BYTES, create=True).secret

    def signing_seed(self) -> bytes:
        """The ed25519 seed that signs ledger checkpoints."""
        path = self.folder / LEDGER_COMPARTMENT / "signing.json"
        return self._wrapped_key(
            path, compartment=LEDGER_COMPARTMENT, size=SIGNING_SEED_BYTES, create=True
        ).secret

    def shred_data_key(self, *, zone: str, source: str, period: str) -> None:
        """Destroy one data key; what it sealed is unreadable everywhere from now on. May be repeated."""
        path = self._data_key_path(zone=zone, source=source, period=period)
        with _locked(self.folder, exclusive=True):
            if path.exists():
                _overwrite(path)
            # A tombstone stays, so that a late delivery does not quietly revive an expired period.
            _write_private(path, _json_bytes({"shredded": True}))

    def is_shredded(self, *, zone: str, source: str, period: str) -> bool:
        """Has this period's key been destroyed? (A restored backup brings its files back, never its key.)"""
        path = self._data_key_path(zone=zone, source=source, period=period)
        return path.exists() and bool(read_json(path).get("shredded"))

    def rotate(self) -> int:
        """Re-wrap every key under new wrapping keys and destroy the old ones; returns how many were re-wrapped.

        May be repeated: a kill half-way leaves old and new wrapping keys, everything readable, and the next
        rotation finishes.
        """
        rewrapped = 0
        with _locked(self.folder, exclusive=True):
            for compartment in sorted(path for path in self.folder.iterdir() if path.is_dir()):
                old = _wrapping_key_paths(compartment)
                if not old:
                    continue
                self._create_wrapping_key(compartment.name)
                for path in sorted(compartment.rglob("*.json")):
                    rewrapped += self._rewrap(path, compartment=compartment.name)
                for path in old:
                    _overwrite(path)
                    path.unlink()
                sync_folder(compartment)
        return rewrapped

    def _data_key_path(self, *, zone: str, source: str, period: str) -> Path:
        require_safe_name(source, what="来源名")
        require_safe_name(period, what="期名")
        return self.folder / zone / "data" / source / f"{period}.json"

    def _wrapped_key(self, path: Path, *, compartment: str, size: int, create: bool) -> DataKey:
        with _locked(self.folder, exclusive=False):
            if path.exists():
                return self._unwrap(path, compartment=compartment)
        if not create:
            raise Refusal(
                "vault.no_key",
                "这一期原件没有密钥。",
                next_step="先接收这一期的文件，或检查来源和期名。",
            )
        with _locked(self.folder, exclusive=True):
            if not path.exists():
                self._wrap(path, compartment=compartment, secret=secrets.token_bytes(size))
            return self._unwrap(path, compartment=compartment)

    def _unwrap(self, path: Path, *, compartment: str) -> DataKey:
        entry = read_json(path)
        if entry.get("shredded"):
            raise Refusal(
                "vault.shredded",
                "这一期原件的密钥已按期限销毁，任何副本都不能再读，也不再接收。",
                next_step="确需重新处理的，请按新的期名、新的依据重新报送。",
            )
        provider = find_provider(entry["cipher"])
        wrapping = self.folder / compartment / f"wrapping-{entry['wrapping_key']}.key"
        try:
            secret = provider.open(
                _read_private(wrapping),
                nonce=base64.b64decode(entry["nonce"]),
                sealed=base64.b64decode(entry["wrapped"]),
                bound_to=self._purpose_of(path),
            )
        except FileNotFoundError as cause:
            raise _missing_keys(wrapping) from cause
        except InvalidTag as cause:
            raise Breakdown(
                f"key file {path} was altered or moved, or its wrapping key is wrong"
            ) from cause
        return DataKey(secret=secret, provider=provider)

    def _wrap(self, path: Path, *, compartment: str, secret: bytes) -> None:
        provider = find_provider(self.cipher)
        wrapping = self._current_wrapping_key(compartment)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = provider.seal(
            _read_private(wrapping), nonce=nonce, content=secret, bound_to=self._purpose_of(path)
        )
        entry = {
            "cipher": provider.name,
            "wrapping_key": wrapping.stem.removeprefix("wrapping-"),
            "nonce": base64.b64encode(nonce).decode(),
            "wrapped": base64.b64encode(sealed).decode(),
        }
        _write_private(path, _json_bytes(entry))

    def _rewrap(self, path: Path, *, compartment: str) -> int:
        if read_json(path).get("shredded"):
            return 0
        self._wrap(
            path, compartment=compartment, secret=self._unwrap(path, compartment=compartment).secret
        )
        return 1

    def _purpose_of(self, path: Path) -> bytes:
        # Because a wrapped key bound to its own place cannot be put in another period's or zone's place.
        return b"kuai-key-1\x00" + str(path.relative_to(self.folder)).encode()

    def _current_wrapping_key(self, compartment: str) -> Path:
        known = _wrapping_key_paths(self.folder / compartment)
        return known[-1] if known else self._create_wrapping_key(compartment)

    def _create_wrapping_key(self, compartment: str) -> Path:
        folder = self.folder / compartment
        known = _wrapping_key_paths(folder)
        serial = int(known[-1].stem.split("-")[1]) + 1 if known else 1
        path = folder / f"wrapping-{serial:06d}-{secrets.token_hex(4)}.key"
        _write_private(path, secrets.token_bytes(find_provider(self.cipher).key_bytes))
        return path


def open_keyring(store: Store) -> Keyring:
    """The store's keys; made at the store's first use.

    Refuses a key folder that is missing although this store has been sealed before, that belongs to another
    store, that others can read, or that lies inside the store.
    """
    folder = store.keys
    if folder.resolve().is_relative_to(store.root.resolve()):
        raise Refusal(
            "keys.inside_store",
            "密钥文件夹在库里面，备份库就会带走密钥。",
            next_step="把 KUAI_KEYS 指到库以外的文件夹。",
        )
    marker = store.root / "keyring"
    if not folder.exists():
        if marker.exists():
            raise _missing_keys(folder)
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    _refuse_if_open_to_others(folder)
    about = folder / "keyring.json"
    if not (about.exists() and marker.exists()):
        _introduce(store, about=about, marker=marker)
    keyring = _opened(about, marker=marker)
    if (store.root / WAITING_ERASURES).exists():
        _destroy_waiting(keyring, store.root / WAITING_ERASURES)
    return keyring


def _destroy_waiting(keyring: Keyring, path: Path) -> None:
    """May be repeated: the list goes when every key on it is gone."""
    for zone, source, period in read_json(path)["waiting"]:
        keyring.shred_data_key(zone=zone, source=source, period=period)
    path.unlink(missing_ok=True)


def _introduce(store: Store, *, about: Path, marker: Path) -> None:
    """First use: give the key folder an identity and let the store remember it."""
    with _locked(about.parent, exclusive=True):
        if not about.exists():
            if marker.exists():
                raise _missing_keys(about)
            cipher = find_provider(os.environ.get("KUAI_CIPHER", DEFAULT_CIPHER)).name
            _write_private(about, _json_bytes({"keyring": secrets.token_hex(8), "cipher": cipher}))
        store.root.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            write_json(marker, {"keyring": read_json(about)["keyring"]})


def _opened(about: Path, *, marker: Path) -> Keyring:
    known = read_json(about)
    if read_json(marker)["keyring"] != known["keyring"]:
        raise Refusal(
            "keys.other_store",
            f"密钥文件夹 {about.parent} 是另一个库的。",
            next_step="把 KUAI_KEYS 指到本库自己的密钥文件夹。",
        )
    return Keyring(folder=about.parent, name=known["keyring"], cipher=known["cipher"])


def _missing_keys(path: Path) -> Refusal:
    return Refusal(
        "keys.missing",
        f"找不到密钥：{path}。没有密钥，封存的原件读不出来。",
        next_step="挂上密钥盘或设好 KUAI_KEYS；密钥确已丢失的，原件等于已销毁，请换新库重新报送。",
    )


def _refuse_if_open_to_others(path: Path) -> None:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        wanted = "700" if path.is_dir() else "600"
        raise Refusal(
            "keys.too_open",
            f"密钥 {path} 的权限是 {mode:o}，别人也能读。",
            next_step=f"运行 chmod {wanted} {path}；如果别人可能已经读过，再运行 kuai keys rotate。",
        )


@contextmanager
def _locked(folder: Path, *, exclusive: bool) -> Iterator[None]:
    """Readers share, makers and rotations are alone; the lock dies with its process."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _wrapping_key_paths(compartment: Path) -> list[Path]:
    return sorted(compartment.glob("wrapping-*.key"))


def _read_private(path: Path) -> bytes:
    _refuse_if_open_to_others(path)
    return path.read_bytes()


def _write_private(path: Path, content: bytes) -> None:
    # Because mkdir(parents=True) gives `mode` to the last folder only.
    for folder in reversed([folder for folder in path.parents if not folder.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    with replace_when_complete(path) as scratch:
        scratch.touch(mode=0o600)
        scratch.write_bytes(content)


def _overwrite(path: Path) -> None:
    """Replace the bytes on the medium, in place, before the name goes. (On SSDs a courtesy, not a proof.)"""
    with path.open("rb+") as stream:
        size = os.fstat(stream.fileno()).st_size
        for content in (secrets.token_bytes(size), b"\x00" * size):
            stream.seek(0)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def _json_bytes(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True) + "\n").encode()
