"""How much memory an engine may use: `WORKBENCH_MEMORY` is meant for the process, its libraries included."""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path

from workbench.errors import UsageError

_UNITS = {
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "tib": 2**40,
}
_LEAST = 64 * 10**6
# what an embedded database takes beyond its own limit, and the answers that it hands over
_BESIDE = 200 * 10**6


def memory_bytes(text: str) -> int:
    """Bytes of `1500MB`, `1.5 GB` or `2GiB`. Raises UsageError WB-T86 for anything else, and below 64 MB.

    >>> memory_bytes("1.5 GB")
    1500000000
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]i?b)", text.strip().lower())
    size = int(float(found[1]) * _UNITS[found[2]]) if found else 0
    if size < _LEAST:
        raise UsageError(
            "WB-T86", f"the memory limit is {text!r}.", "Write 1500MB or 2GB, and at least 64MB."
        )
    return size


def room(text: str) -> int:
    """Bytes left for a database inside this process: the limit without what the process has already, yet at least half."""
    limit = memory_bytes(text)
    return max(limit // 2, limit - resident() - _BESIDE)


def resident() -> int:
    """Bytes of this process that lie in memory."""
    held = Path("/proc/self/statm")
    if held.exists():
        return int(held.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
