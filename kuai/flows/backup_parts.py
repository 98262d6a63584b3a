"""A part of a backup: a folder of files and the manifest that names every one of them with size and digest.

Written beside its name and renamed when whole, so that a half-written one never looks like a backup. A damaged one
is refused with the file named. How a part is made of a store is `backup`, how it is put back `restore`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from kuai.guard.actions import Envelope, open_envelope
from kuai.kit.atomic_files import sync_folder
from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.store import read_json, write_json

MANIFEST = "manifest.json"
FILES = "files"
# 1: the first. 2: the manifest of a sealed part is marked with the envelope's key.
# A part of a later format is refused by this programme, in words.
BACKUP_FORMAT = 2
BLOCK_BYTES = 1 << 20
_HALF = re.compile(r"^\..+\.([0-9]+)\.half$")


@dataclass(frozen=True)
class PartFile:
    """One file of a part: where it lies, how long it is as it lies there, its SHA-256 as it lies there.

    `modified_ns`: when the store's file was written; the order of deliveries and their retention are counted from it.
    """

    path: str
    bytes: int
    sha256: str
    modified_ns: int


@dataclass(frozen=True)
class Manifest:
    """What a part says of itself. `envelope`: the card of what seals its files, none if they lie as in the store."""

    kind: str
    name: str
    made_at: str
    about: Mapping[str, Any]
    files: tuple[PartFile, ...]
    envelope: Mapping[str, Any] | None = None
    format: int = BACKUP_FORMAT
    # Beside the digest, not under it: the digest marked with the envelope's key.
    seal: str = ""

    @property
    def digest(self) -> str:
        return str(self.as_json()["digest"])

    @property
    def size_bytes(self) -> int:
        return sum(one.bytes for one in self.files)

    def as_json(self) -> dict[str, Any]:
        """Plain data; with a digest of itself, so that a changed manifest is noticed as a changed file is."""
        content = asdict(self)
        del content["seal"]
        return {**content, "digest": _digest_of(content)}


@dataclass
class PartWriter:
    """Puts files into a part that is being made."""

    folder: Path
    envelope: Envelope | None
    written: dict[str, PartFile] = field(default_factory=dict)

    def put(self, source: Path, path: str) -> PartFile:
        """Copy `source` into the part as `path`; the same path again replaces."""
        target = self.folder / FILES / path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as content, target.open("wb") as stream:
            for block in self._blocks(content, path):
                digest.update(block)
                size += len(block)
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        modified_ns = source.stat().st_mtime_ns
        self.written[path] = PartFile(path, size, digest.hexdigest(), modified_ns)
        return self.written[path]

    def drop(self, path: str) -> None:
        """Take a file out again: it is gone from the store meanwhile."""
        if self.written.pop(path, None):
            (self.folder / FILES / path).unlink(missing_ok=True)

    def _blocks(self, content: BinaryIO, path: str) -> Iterator[bytes]:
        if self.envelope:
            return self.envelope.seal(content, name=path)
        return iter(lambda: content.read(BLOCK_BYTES), b"")

    def discard(self) -> None:
        """Leave nothing behind of a part that will not be whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def finish(
        self, target: Path, *, kind: str, at: datetime, about: Mapping[str, Any]
    ) -> Manifest:
        """Write the manifest and give the part its name: from here on it is a backup."""
        manifest = Manifest(
            kind=kind,
            name=target.name,
            made_at=at.isoformat(),
            about=about,
            files=tuple(self.written[path] for path in sorted(self.written)),
            envelope=self.envelope.card if self.envelope else None,
        )
        told = manifest.as_json()
        if self.envelope:
            told["seal"] = self.envelope.mark(str(told["digest"]).encode())
        write_json(self.folder / MANIFEST, told)
        for folder in {path.parent for path in (self.folder / FILES).rglob("*")}:
            sync_folder(folder)
        self.folder.rename(target)
        sync_folder(target.parent)
        return manifest


def begin_part(target: Path, *, envelope: Envelope | None) -> PartWriter:
    """A part to be called `target`; refuses a name that is taken. What a killed run left half is swept away."""
    if target.exists():
        raise Refusal("backup.exists", f"已经有 {target}。", next_step="换一个文件夹再试。")
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep_halves(target.parent)
    half = target.with_name(f".{target.name}.{os.getpid()}.half")
    half.mkdir(mode=0o700)
    (half / FILES).mkdir()
    return PartWriter(half, envelope)


def _sweep_halves(folder: Path) -> None:
    """What killed runs left; the living keep theirs."""
    for path in folder.glob(".*.half"):
        found = _HALF.match(path.name)
        if found and not Path(f"/proc/{found.group(1)}").exists():
            shutil.rmtree(path, ignore_errors=True)


def read_manifest(part: Path) -> Manifest:
    """What a part says of itself; refuses what is no backup, a half one and one of a later format."""
    if part.name.startswith(".") or not (part / MANIFEST).is_file():
        raise Refusal(
            "backup.none",
            f"{part} 不是一份完整的备份：没有 {MANIFEST}。",
            next_step="写没写完的备份以点开头、以 .half 结尾，不能用；请用写完的那一份。",
        )
    try:
        told = read_json(part / MANIFEST)
        digest = told.pop("digest")
        seal = str(told.pop("seal", ""))
    except (ValueError, KeyError) as cause:
        raise _damaged(MANIFEST, "读不懂") from cause
    if told.get("format", 0) > BACKUP_FORMAT:
        raise Refusal(
            "backup.newer",
            f"这份备份的格式是 {told['format']}，这个程序只认到 {BACKUP_FORMAT}。",
            next_step="用做这份备份的那个版本或更新的程序。",
        )
    if _digest_of(told) != digest:
        raise _damaged(MANIFEST, "与自己的校验值不符")
    files = tuple(PartFile(**one) for one in told.pop("files"))
    return Manifest(files=files, seal=seal, **told)


def verify_part(part: Path, *, progress: Progress = SILENT) -> Manifest:
    """Read every file of the part; refuses the first that is missing, altered or too many, by its name."""
    manifest = read_manifest(part)
    with progress_line(progress, "核对备份", total=len(manifest.files), measure="文件") as task:
        for one in manifest.files:
            _require_whole(part, one)
            task.advance()
    known = {one.path for one in manifest.files}
    root = part / FILES
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.relative_to(root).as_posix() not in known:
            raise _damaged(path.relative_to(root).as_posix(), "不在清单里")
    return manifest


def open_part(manifest: Manifest, passphrase: str) -> Envelope | None:
    """What opens the files of a part; refuses a sealed one without a passphrase."""
    if manifest.envelope is None:
        return None
    if not passphrase:
        raise Refusal(
            "backup.sealed",
            "这份备份是加密的。",
            next_step="用 --passphrase-file 给出口令文件（第一行是口令）。",
        )
    envelope = open_envelope(dict(manifest.envelope), passphrase)
    # Whoever can write the manifest can write its digest; the mark takes the passphrase.
    if not hmac.compare_digest(manifest.seal, envelope.mark(manifest.digest.encode())):
        raise _damaged(MANIFEST, "不是用这个口令封的那一份清单")
    return envelope


def take_out(
    part: Path, files: Iterable[PartFile], target: Path, *, envelope: Envelope | None
) -> Iterator[PartFile]:
    """Put files of a part into `target` under their paths, one after the other; each is checked as it is read."""
    for one in files:
        place = target / one.path
        if not place.resolve().is_relative_to(target.resolve()):
            raise _damaged(one.path, "路径越出了库")
        _require_whole(part, one)
        place.parent.mkdir(parents=True, exist_ok=True)
        with (part / FILES / one.path).open("rb") as content, place.open("wb") as stream:
            blocks = (
                envelope.open(content, name=one.path)
                if envelope
                else iter(lambda: content.read(BLOCK_BYTES), b"")  # noqa: B023 - used at once
            )
            for block in blocks:
                stream.write(block)
            stream.flush()
            os.fsync(stream.fileno())
        os.utime(place, ns=(one.modified_ns, one.modified_ns))
        yield one


def _require_whole(part: Path, one: PartFile) -> None:
    path = part / FILES / one.path
    if not path.is_file():
        raise _damaged(one.path, "不见了")
    if path.stat().st_size != one.bytes:
        raise _damaged(one.path, "长度不对")
    with path.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != one.sha256:
            raise _damaged(one.path, "内容与校验值不符")


def _digest_of(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _damaged(path: str, what: str) -> DataFault:
    return DataFault(
        "backup.damaged",
        f"备份坏了：{what}",
        where=Where(file=path),
        remedy="这一份不能用，请用另一份备份；没有恢复任何东西",
    )
