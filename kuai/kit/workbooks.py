"""A filled-in form that comes back as XLSX: how large it may be before anything parses it.

Because a part of 200 kB may unpack to gigabytes, the archive's own directory is asked first. It may lie, but then
to no end: Python's reader never unpacks more of a part than the directory says.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from kuai.kit.errors import DataFault, Where

# Measured 2026-11-22: the longest honest form (20,000 lines, every answer filled in) unpacks to 10 MB a sheet.
MOST_UNPACKED_BYTES = 50 * 1024 * 1024
# One sheet a source and some dozen parts of the package; no department has this many sources.
MOST_PARTS = 200


def refuse_swollen_form(source: bytes | Path, *, file: str) -> None:
    """A DataFault where the form would unpack to more than any form of ours. Raises BadZipFile for what is none."""
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    with zipfile.ZipFile(opened) as archive:
        parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(one.file_size for one in parts) > MOST_UNPACKED_BYTES:
        raise DataFault(
            "form.swollen",
            "文件解压后大得不像填好的单子，没有读",
            where=Where(file=file),
            remedy="请在导出的文件里填写；如是复制过的工作簿，把表复制到新的空白工作簿再交。",
        )
