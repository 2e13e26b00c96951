"""A machine that helps the searches of others."""

from __future__ import annotations

import os
from collections.abc import Callable

from workbench.errors import UsageError
from workbench.search.crew import helper
from workbench.store.studies import Studies


def help_searches(
    *, workers: int, memory_mb: int | None, idle_seconds: float | None, say: Callable[[str], None]
) -> int:
    """Fits for the searches that share WORKBENCH_STUDY_URL; gives how many were handed in.

    Raises UsageError WB-U38 without an address or with fewer than one worker, and what `Studies.open` raises.
    """
    address = os.environ.get("WORKBENCH_STUDY_URL")
    if not address:
        raise UsageError(
            "WB-U38",
            "WORKBENCH_STUDY_URL is not set.",
            "Set it to postgresql://user@host/database, here and where you train.",
        )
    if workers < 1:
        raise UsageError("WB-U38", f"--workers must be at least 1, but got {workers}.")
    studies = Studies.open(address)
    try:
        return helper.help_searches(
            studies, workers=workers, memory_mb=memory_mb, idle_seconds=idle_seconds, say=say
        )
    finally:
        studies.close()
