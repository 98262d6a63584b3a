"""Takes an uploaded file to disk in the store's scratch folder (mode 600), up to the limit and no further."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler

# The form's own fields and the boundaries come on top of the file.
ENVELOPE_BYTES = 64 * 1024


class ScratchFile(TemporaryUploadedFile):
    """An upload on its way in; gone when closed, unless it was linked elsewhere."""

    is_too_large = False

    def __init__(self, name: str | None, content_type: str | None) -> None:
        # Surprising: not super().__init__, because that writes to the folder of FILE_UPLOAD_TEMP_DIR, which
        # Django wants to exist before anybody has a store.
        file = tempfile.NamedTemporaryFile(suffix=".upload", dir=uploads_folder())  # noqa: SIM115
        UploadedFile.__init__(self, file, name, content_type, 0, None, None)


class LimitedUploadHandler(TemporaryFileUploadHandler):
    """Beyond the limit the rest is read and thrown away, so that the page can answer instead of a broken line."""

    file: ScratchFile
    is_too_large = False
    taken = 0

    def handle_raw_input(
        self,
        input_data: Any,  # noqa: ARG002 - Django's signature
        META: dict[str, Any],  # noqa: ARG002
        content_length: int,
        *more: Any,  # noqa: ARG002
    ) -> None:
        """Note beforehand that the whole cannot fit."""
        self.is_too_large = content_length > settings.KUAI_UPLOAD_LIMIT_BYTES + ENVELOPE_BYTES

    def new_file(self, *arguments: Any, **named: Any) -> None:
        """Open the scratch file."""
        FileUploadHandler.new_file(self, *arguments, **named)
        self.file = ScratchFile(self.file_name, self.content_type)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Write, count, stop writing beyond the limit."""
        self.taken += len(raw_data)
        self.is_too_large = self.is_too_large or self.taken > settings.KUAI_UPLOAD_LIMIT_BYTES
        if not self.is_too_large:
            super().receive_data_chunk(raw_data, start)
        return None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """The file, or an empty one marked as too large."""
        self.file.is_too_large = self.is_too_large
        return super().file_complete(file_size)


def uploads_folder() -> Path:
    """Where uploads rest until they are received: inside the store, readable by the server alone."""
    folder = settings.STORE.scratch / "uploads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def keep_until_received(file: UploadedFile, target: Path) -> None:
    """Move the upload to `target`, mode 600."""
    if isinstance(file, TemporaryUploadedFile):
        os.link(file.temporary_file_path(), target)
    else:
        target.touch(mode=0o600)
        target.write_bytes(file.read())
    target.chmod(0o600)
