"""The heavy step's own process: started apart, watched, and ended with everything it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.config import Home

MARK = "WORKBENCH_JOB_FOLDER"
"""Environment variable that marks a job's process and all its descendants."""
LOG_FILE = "log.txt"

Command = Callable[[Home, Path], Sequence[str]]
"""What to run for a job folder."""


def child_command(home: Home, folder: Path) -> list[str]:
    """The workbench's own child. `WORKBENCH_JOB_MEMORY_MB` limits its memory."""
    command = [sys.executable, "-m", "workbench.jobs.child", str(folder), "--home", str(home.path)]
    command += ["--parent", str(os.getpid())]
    limit = os.environ.get("WORKBENCH_JOB_MEMORY_MB")
    return [*command, "--memory-mb", limit] if limit else command


@dataclass(frozen=True)
class Child:
    """A running process that leads its own session."""

    process: subprocess.Popen[bytes]
    folder: Path

    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        return self.process.poll()

    def end(self, *, patience_seconds: float = 5.0) -> None:
        """Ask the whole group to stop; after `patience_seconds` make it."""
        _signal_group(self.process.pid, signal.SIGTERM)
        until = time.monotonic() + patience_seconds
        while self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        # also when the leader is gone: what it started may have ignored the request
        _signal_group(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start(command: Sequence[str], folder: Path) -> Child:
    """Start `command` in a session of its own; what it prints goes to `log.txt` in the job's folder."""
    with (folder / LOG_FILE).open("ab") as log:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, MARK: str(folder), "PYTHONUNBUFFERED": "1"},
        )
    return Child(process, folder)


def end_leftovers(folder: Path) -> int:
    """Kill what an earlier attempt at the same job left behind, and count it.

    A child dies with its worker, but what the child itself started may not; two attempts must never
    write the same folder at once. Where there is no `/proc`, the child's own watch is all there is.
    """
    mark = f"{MARK}={folder}".encode()
    ended = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
        if mark in variables and int(entry.name) != os.getpid():
            try:
                os.kill(int(entry.name), signal.SIGKILL)
            except ProcessLookupError:
                continue
            ended += 1
    return ended


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return  # nobody is left in it
