"""The process that does a job's heavy work: `python -m workbench.jobs.child FOLDER --home HOME`.

It reads `spec.json` and leaves `progress.json`, then `result.json` or `error.json`, each whole or not
at all. It dies with the worker that started it.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.config import Home
from workbench.errors import WorkbenchError, disk_full
from workbench.files import read_json, write_json
from workbench.progress import Progress

Target = Callable[[dict[str, Any], Home, Progress, Path], dict[str, Any]]
"""The work: given the spec, the home, whom to tell, and the job's folder, it gives a JSON result."""

_PR_SET_PDEATHSIG = 1
_TELL_EVERY_SECONDS = 0.5


def train(spec: dict[str, Any], home: Home, progress: Progress, folder: Path) -> dict[str, Any]:
    """Train a model."""
    from workbench.training.request import TrainRequest
    from workbench.training.run import run_training

    return run_training(TrainRequest.from_dict(spec), home=home, progress=progress, folder=folder).as_dict()


class ProgressFile:
    """Progress that a watcher can read at any moment; written twice a second at most, and at each new stage."""

    def __init__(self, folder: Path) -> None:
        self._target = folder / "progress.json"
        self._stages: list[str] = []
        self._told = float("-inf")

    def __call__(self, stage: str, fraction: float, sentence: str) -> None:
        now = time.monotonic()
        entered = not self._stages or self._stages[-1] != stage
        if entered:
            self._stages.append(stage)
        if not entered and fraction < 1 and now - self._told < _TELL_EVERY_SECONDS:
            return
        self._told = now
        said = {"stage": stage, "fraction": min(max(float(fraction), 0.0), 1.0), "sentence": sentence}
        write_json(self._target, {**said, "stages": self._stages})


def run_child(folder: Path, *, home: Home, target: Target, parent: int | None = None) -> int:
    """Do the work and give the exit code: 0 with `result.json`, else that of the error in `error.json`."""
    if parent is not None:
        die_with(parent)
    for stale in ("result.json", "error.json"):
        (folder / stale).unlink(missing_ok=True)
    try:
        result = target(read_json(folder / "spec.json"), home, ProgressFile(folder), folder)
        write_json(folder / "result.json", result)
    except WorkbenchError as error:
        write_json(folder / "error.json", error.as_dict())
        return error.exit_code
    except MemoryError:
        traceback.print_exc()
        return _give_up(folder, "WB-J05", "The job needed more memory than it may have.", _MEMORY_HINT)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a job must say why it ended
        traceback.print_exc()
        full = disk_full(error)
        if full is not None:
            with contextlib.suppress(OSError):  # there may be no room for it: the exit code says it as well
                write_json(folder / "error.json", full.as_dict())
            return full.exit_code
        said = f"The job stopped at an unexpected error: {type(error).__name__}: {error}"
        return _give_up(folder, "WB-J04", said, "The job's log has the details.")
    return 0


_MEMORY_HINT = "Raise WORKBENCH_JOB_MEMORY_MB for the worker, or train on fewer rows."


def _give_up(folder: Path, code: str, message: str, hint: str) -> int:
    write_json(folder / "error.json", {"code": code, "message": message, "hint": hint})
    return 1


def die_with(parent: int) -> None:
    """End this process group when the process `parent` ends, however it ends."""
    if sys.platform == "linux":
        # the kernel's own promise comes first: it holds even while C code keeps the interpreter busy
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it died before we could ask
    threading.Thread(target=_watch, args=(parent,), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    """Where the kernel cannot promise it."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def limit_memory(megabytes: int) -> None:
    """Refuse private memory beyond `megabytes`; files mapped for reading don't count."""
    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workbench.jobs.child", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--home", required=True)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--memory-mb", type=int)
    options = parser.parse_args()
    if options.memory_mb is not None:
        limit_memory(options.memory_mb)
    return run_child(options.folder, home=Home.find(options.home), target=train, parent=options.parent)


if __name__ == "__main__":
    sys.exit(main())
