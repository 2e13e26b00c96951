"""Whether a workbook, which is a ZIP archive, may be unpacked at all: told from its directory, before anything is."""

from __future__ import annotations

import zipfile
from pathlib import Path

from workbench.errors import DataError
from workbench.tables.encoding import MOST_UNPACKED, damaged, too_large

HIGHEST_RATIO = 200  # unpacked to packed; sheets of real tables stay below 50
_HARMLESS = 128 << 20  # bytes that may be unpacked whatever the ratio


def refuse_bomb(path: Path) -> None:
    """Raises DataError WB-T71 for a workbook that would fill the memory, WB-T69 for a damaged archive.

    The directory's sizes bind: no more than an entry's stated size is ever unpacked, and an entry that holds more is
    refused as damaged while it is read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as exc:
        raise damaged(path, "it begins as an Excel workbook, but cannot be read as such") from exc
    unpacked, packed = sum(e.file_size for e in entries), path.stat().st_size
    if unpacked > MOST_UNPACKED:
        raise too_large(path, f"it unpacks from {packed:,} bytes to", MOST_UNPACKED)
    if unpacked > _HARMLESS and unpacked > HIGHEST_RATIO * packed:
        raise DataError(
            "WB-T71",
            f"'{path.name}' is not read: it unpacks to {unpacked / packed:,.0f} times its size ({unpacked:,} bytes); "
            f"allowed are {HIGHEST_RATIO} times.",
            "If it is no attack, save the table as CSV or Parquet.",
        )
