"""What one delivered file may cost, and what a cell or sheet may measure. Every number says why it is that number."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024

# Excel and WPS end a cell at 32,767 characters; longer text comes from a broken quote or a wrong export.
CELL_CHARACTERS = 32_767
# The widest office table we know has some 300 columns; Mingdao takes 200. 1,024 leaves room, XFD (16,384) does not.
COLUMNS = 1_024
# A quoted cell of more lines than this is an unpaired quote that swallows the rows after it.
LINES_IN_A_RECORD = 200
# Rows looked at for separator, title rows and heading row.
ROWS_SAMPLED = 200
# Titles, notes and filling instructions above a heading: more than 30 lines was never seen.
ROWS_ABOVE_HEADING = 30
# A heading is a name, not a sentence; filling hints in brackets stay below this.
HEADING_CHARACTERS = 80
# Rows handled at once: small enough for memory, large enough that Arrow's vector kernels pay.
BATCH_ROWS = 16_384

# Parts of a workbook swell 5 to 20 times when unpacked, very regular ones 100 times; a bomb 1,000 times.
ZIP_RATIO = 200
# Below this an odd ratio harms nobody.
ZIP_FREE_BYTES = 32 * MIB
# A full sheet (1,048,576 rows of 40 columns) unpacks to about 3 GB.
ZIP_TOTAL_BYTES = 4 * 1024 * MIB
ZIP_ENTRIES = 10_000
# calamine lays a sheet out as a dense grid of 32-byte cells: five million cost 160 MB, which any sheet may have.
DENSE_CELLS_FREE = 5_000_000
# Beyond that a sheet must be filled to one part in 50, or one stray cell decides what it costs.
DENSE_CELLS_PER_CELL = 50
# Measured 2026-11-22 on 0.5 M rows of 8 columns: 32 bytes of grid a cell, about as much for its text, Arrow batch.
BYTES_PER_DENSE_CELL = 40
BYTES_PER_XML_BYTE = 0.6


@dataclass(frozen=True)
class ReadingLimits:
    """What the child may use. `memory_most` is how far it may raise its own limit for a file proved honest."""

    wall_seconds: float
    memory_bytes: int
    memory_most: int
    file_bytes: int


# No ordinary file needs more; a fork, a scan and a parse of 1 MB take under a second.
ORDINARY_SECONDS = 9.0
ORDINARY_MEMORY = 1024 * MIB
# The largest honest workbook (a full sheet of 40 columns) needs about 4 GB; the build's machine has 16.
MEMORY_MOST = 5 * 1024 * MIB
# Slowest seen on two busy cores: 5 MB/s of text, 0.5 MB/s of packed workbook; a third of that is the limit.
TEXT_BYTES_A_SECOND = 1_600_000
WORKBOOK_BYTES_A_SECOND = 170_000
# What is written to scratch: text grows little, a workbook unpacks; a disk must not be filled by one file.
SCRATCH_FREE_BYTES = 512 * MIB
SCRATCH_PER_BYTE = 40


def limits_for(size: int, *, is_workbook: bool) -> ReadingLimits:
    """Limits for a file of `size` bytes: 9 s and 1 GB for ordinary files, more in proportion for big ones."""
    rate = WORKBOOK_BYTES_A_SECOND if is_workbook else TEXT_BYTES_A_SECOND
    return ReadingLimits(
        wall_seconds=ORDINARY_SECONDS + max(0, size - MIB) / rate,
        memory_bytes=ORDINARY_MEMORY,
        memory_most=MEMORY_MOST if is_workbook and size > MIB else ORDINARY_MEMORY,
        file_bytes=SCRATCH_FREE_BYTES + SCRATCH_PER_BYTE * size,
    )
