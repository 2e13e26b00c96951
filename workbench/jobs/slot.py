"""A worker's seat: an exclusive file lock that gives it a stable name and dies with it.

Two workers that shared a name would each run the other's jobs a second time, so the name comes from a
lock that only one process can hold. The kernel drops it at any kind of death.
"""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workbench.config import Home
from workbench.errors import Locked

MAX_WORKERS = 32


@dataclass(frozen=True)
class Slot:
    """A held seat; keep it as long as the worker lives."""

    executor_id: str
    stream: IO[str]

    def release(self) -> None:
        """Give the seat back."""
        self.stream.close()


def folder(home: Home) -> Path:
    return home.jobs / "workers"


def take(home: Home, *, patience_seconds: float = 0.5) -> Slot:
    """The lowest free seat on this machine.

    A probe (`is_held`) holds a seat for an instant, so a busy seat is tried again for a moment.
    """
    folder(home).mkdir(parents=True, exist_ok=True)
    for number in range(MAX_WORKERS):
        name = f"{_host()}-{number}"
        stream = (folder(home) / f"{name}.lock").open("a+", encoding="utf-8")
        if _lock(stream, fcntl.LOCK_EX, patience_seconds):
            stream.seek(0)
            stream.truncate()
            stream.write(f"{os.getpid()}\n")
            stream.flush()
            return Slot(name, stream)
        stream.close()
    raise Locked(
        "WB-J09",
        f"All {MAX_WORKERS} worker seats of {home.path} are taken.",
        "Stop a worker before you start another one.",
    )


def held(home: Home) -> list[str]:
    """The names of this machine's workers that are alive."""
    if not folder(home).is_dir():
        return []
    return sorted(path.stem for path in folder(home).glob(f"{_host()}-*.lock") if is_held(home, path.stem))


def is_held(home: Home, executor_id: str) -> bool:
    """Whether the worker of that name is alive. Only for names of this machine (`is_local`)."""
    path = folder(home) / f"{executor_id}.lock"
    if not path.is_file():
        return False
    with path.open("r", encoding="utf-8") as stream:
        return not _lock(stream, fcntl.LOCK_SH, 0.0)  # shared: probes don't see each other as workers


def is_local(executor_id: str) -> bool:
    """Whether the name belongs to this machine: a file lock says nothing about another one."""
    return re.fullmatch(re.escape(_host()) + r"-\d+", executor_id) is not None


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", socket.gethostname()) or "host"


def _lock(stream: IO[str], mode: int, patience_seconds: float) -> bool:
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(stream, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
        else:
            return True
