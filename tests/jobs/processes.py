"""Starting real workers, waiting for what they do, and looking at processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workbench.config import Home
from workbench.jobs import queue, slot
from workbench.jobs.job import Job


class Workers:
    """Starts workers of one home and remembers them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        before = len(slot.held(self.home))
        log = (self.home.path / f"worker-{len(self.started)}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.workload", "worker", str(self.home.path)],
            cwd=Path(__file__).parents[2],
            stdout=log,
            stderr=log,
        )
        log.close()
        self.started.append(process)
        until(lambda: len(slot.held(self.home)) > before, "the worker to take its seat")
        return process

    def stop(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait(10)

    def log(self, number: int = 0) -> str:
        return (self.home.path / f"worker-{number}.log").read_text()


def until(happened: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)


def ended(home: Home, job_id: str, seconds: float = 30.0) -> Job:
    until(lambda: not queue.get(home, job_id).active, f"job {job_id} to end", seconds)
    return queue.get(home, job_id)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
