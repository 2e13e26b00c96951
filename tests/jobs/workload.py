"""A small honest workload in the child's place, and the worker that runs it.

`python -m tests.jobs.workload work FOLDER --home H --parent PID` does what the spec says;
`python -m tests.jobs.workload worker HOME` is a real worker whose jobs are such workloads.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from workbench.config import Home
from workbench.errors import DataError
from workbench.jobs.child import limit_memory, run_child
from workbench.jobs.worker import run_worker
from workbench.progress import Progress


def count(spec: dict[str, Any], home: Home, progress: Progress, folder: Path) -> dict[str, Any]:
    """Count to `steps`, one each `pause` seconds, with a journal, so that a second attempt goes on."""
    journal = folder / "journal.txt"
    if spec.get("fail"):
        raise DataError("WB-T99", "The table is not a table.", "Give it another one.")
    if spec.get("crash"):
        os.abort()
    if spec.get("hungry_mb"):
        held = bytearray(int(spec["hungry_mb"]) * 1024 * 1024)
        return {"held": len(held)}
    if spec.get("offspring"):
        subprocess.Popen(["sleep", "60"])
    with (folder / "attempts.txt").open("a") as stream:
        stream.write(f"start {os.getpid()} {time.time()}\n")
    done = len(journal.read_text().splitlines()) if journal.exists() else 0
    first = done
    while done < spec["steps"] and not (folder / "finish").exists():
        time.sleep(spec.get("pause", 0.1))
        done += 1
        with journal.open("a") as stream:
            stream.write(f"{done} {os.getpid()} {time.time()}\n")
        progress("counting" if done < spec["steps"] else "last", done / spec["steps"], f"at {done}")
    return {"counted": done, "resumed_from": first, "home": str(home.path)}


def command(home: Home, folder: Path) -> list[str]:
    return [
        *[sys.executable, "-m", "tests.jobs.workload", "work"],
        *[str(folder), "--home", str(home.path), "--parent", str(os.getpid())],
    ]


if __name__ == "__main__":
    if sys.argv[1] == "worker":
        run_worker(Home(Path(sys.argv[2])), command=command)
    else:
        if limit := os.environ.get("TEST_MEMORY_MB"):
            limit_memory(int(limit))
        sys.exit(
            run_child(Path(sys.argv[2]), home=Home(Path(sys.argv[4])), target=count, parent=int(sys.argv[6]))
        )
