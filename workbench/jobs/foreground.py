"""A job done here and now: the same child process as a worker's, watched by whoever asked."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from workbench import errors
from workbench.config import Home
from workbench.errors import DiskFull, WorkbenchError
from workbench.files import read_json, write_json
from workbench.jobs import process
from workbench.progress import Progress

_LOOK_EVERY_SECONDS = 0.1
_EXIT_CLASSES: dict[int, type[WorkbenchError]] = {
    kind.exit_code: kind
    for kind in (
        errors.UsageError,
        errors.DataError,
        errors.GateFailed,
        errors.AwaitingApproval,
        errors.Cancelled,
        errors.DiskFull,
        errors.Locked,
    )
}


def run_here(
    home: Home,
    spec: dict[str, Any],
    *,
    progress: Progress,
    command: process.Command = process.child_command,
    key: str | None = None,
) -> dict[str, Any]:
    """The result of the job; its folder under `var/jobs/` stays only where something crashed.

    `key` is the same for the same job: then it goes on from what a crashed attempt left. Raises what the child reported, as
    the error class of its exit code; a child that was killed gives WB-J08, the same job running already Locked WB-J22.
    """
    name = f"here-{key or secrets.token_hex(8)}"
    lock = FileLock(home.var / "locks" / f"{name}.lock")
    Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise errors.Locked(
            "WB-J22",
            "The same run is already under way in this home.",
            "Wait for it to end, or ask for another one.",
        ) from None
    try:
        return _run(home.jobs / name, home, spec, progress, command)
    finally:
        lock.release()


def _run(
    folder: Path, home: Home, spec: dict[str, Any], progress: Progress, command: process.Command
) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    for stale in ("finish", "progress.json"):  # an earlier attempt's
        (folder / stale).unlink(missing_ok=True)
    write_json(folder / "spec.json", spec)
    child = process.start(command(home, folder), folder)
    try:
        while (code := child.exit_code()) is None:
            _tell(folder, progress)
            time.sleep(_LOOK_EVERY_SECONDS)
    finally:
        if child.exit_code() is None:
            child.end()
    if code == 0:
        result = read_json(folder / "result.json")
        shutil.rmtree(folder)  # what is worth keeping is in the model's own folder
        return result
    failure = _failure(folder, code)
    if failure.exit_code in (2, 3):
        shutil.rmtree(folder)  # the sentence says it all; a crash keeps its log and its journal
    raise failure


def _tell(folder: Path, progress: Progress) -> None:
    try:
        said = read_json(folder / "progress.json")
    except FileNotFoundError:
        return
    progress(said["stage"], said["fraction"], said["sentence"])


def _failure(folder: Path, code: int) -> WorkbenchError:
    try:
        said = read_json(folder / "error.json")
    except FileNotFoundError:
        if code == DiskFull.exit_code:
            return DiskFull()
        return WorkbenchError(
            "WB-J08",
            f"The run's process ended with {'signal' if code < 0 else 'exit code'} {abs(code)} before it could say why.",
            hint=f"Its log is {folder / process.LOG_FILE}; a kill by the system usually means too little memory.",
        )
    return _EXIT_CLASSES.get(code, WorkbenchError)(said["code"], said["message"], said["hint"])
