"""What a search may hold where the process has a limit."""

from __future__ import annotations

import resource
from pathlib import Path

_SHARE = 0.8  # of what is left: libraries that are loaded later and the blend need some too


def memory_for_search() -> int | None:
    """Megabytes that fits may hold together: most of what this process's limit on private memory leaves; None without one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY:
        return None
    return max(1, int(_SHARE * (limit - _held()) / 2**20))


def _held() -> int:
    """Bytes of private memory that count against the limit."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
