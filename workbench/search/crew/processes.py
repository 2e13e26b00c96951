"""A crew of processes: one that crashes, hangs or takes too much memory is ended, and the search goes on."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Pipe, wait
from pathlib import Path
from typing import Any

from workbench.search.budget import Deadline
from workbench.search.crew.contract import LOOK_EVERY_SECONDS, Failure, Finished
from workbench.search.fitting import Fitter, Job, Made, read_made

_LATE_SECONDS = 2.0  # beyond the deadline, after which a fit that does not end by itself is ended
_LAST_WORDS = 4_000  # characters of what a process said before it died
_BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ProcessCrew:
    """`size` processes that share the rows through one file, each with one fit at a time on one thread.

    `memory_mb` is what each process may hold; a fit that passes it is ended, and fails with that reason.
    """

    def __init__(
        self, fitter: Fitter, size: int, deadline: Deadline, *, memory_mb: float | None = None
    ) -> None:
        self.size = size
        self._deadline, self._memory_mb = deadline, memory_mb
        self._folder = Path(tempfile.mkdtemp(prefix="workbench-fits-"))
        try:
            fitter.save(self._folder / "rows")
            self.workers = [_Worker(self._folder) for _ in range(size)]
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def start(self, job: Job, *, left: float | None = None) -> None:
        """Begins a fit; `left` seconds at most, if that is sooner than the deadline."""
        free = next(w for w in self.workers if w.job is None)
        free.start(job, min(self._deadline.remaining(), math.inf if left is None else left))

    @property
    def under_way(self) -> int:
        return sum(w.job is not None for w in self.workers)

    def finished(self) -> list[Finished]:
        while True:
            found = self.look()
            if found or not self.under_way:
                return found

    def look(self) -> list[Finished]:
        busy = [w for w in self.workers if w.job is not None]
        wait([w.pipe for w in busy], timeout=LOOK_EVERY_SECONDS)
        return [end for w in busy if (end := self._end_of(w)) is not None]

    def close(self) -> None:
        for worker in self.workers:
            worker.end()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _end_of(self, worker: _Worker) -> Finished | None:
        """What became of a worker's fit, or None while it goes on."""
        job = worker.job
        assert job is not None
        if worker.pipe.poll():
            answer = worker.answer()
            if answer is not None:
                return job, answer
            failure = Failure(f"its process ended {_manner(worker.process.wait())}", worker.last_words())
        elif self._memory_mb is not None and worker.megabytes() > self._memory_mb:
            failure = Failure(f"took more than its {self._memory_mb:,.0f} MB of memory")
        elif self._deadline.finish_requested() or worker.late():
            failure = Failure("the time was up", out_of_time=True)
        else:
            return None
        worker.end()
        self.workers[self.workers.index(worker)] = _Worker(self._folder)
        return job, failure


class _Worker:
    """One process, and the pipe that it is spoken to through."""

    def __init__(self, folder: Path) -> None:
        self.job: Job | None = None
        self._folder = folder
        self._ends = float("inf")
        self.pipe, theirs = Pipe()
        command = [sys.executable, "-m", "workbench.search.crew.worker", str(folder), str(theirs.fileno())]
        env = (
            os.environ | dict.fromkeys(_BLAS, "1") | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        )
        self._said = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - end() closes it
        self.process = subprocess.Popen(
            command,
            env=env,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
        )
        theirs.close()

    def start(self, job: Job, left: float) -> None:
        self.job = job
        self._ends = time.monotonic() + left  # one clock for all processes of a machine
        with contextlib.suppress(OSError):  # it has died: the next look at the pipe says so
            self.pipe.send({"job": job.to_dict(), "ends": None if math.isinf(left) else self._ends})

    def answer(self) -> Made | Failure | None:
        """None if the process died instead of answering."""
        try:
            said: dict[str, Any] = self.pipe.recv()
        except (EOFError, OSError):
            return None
        job, self.job = self.job, None
        assert job is not None
        if "failed" in said:
            return Failure(said["failed"], said["trace"])
        folder = self._folder / said["made"]
        try:
            return read_made(job.config.family, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def late(self) -> bool:
        return time.monotonic() > self._ends + _LATE_SECONDS

    def megabytes(self) -> float:
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def last_words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode(errors="replace")[-_LAST_WORDS:]

    def end(self) -> None:
        self.pipe.close()
        self._said.close()
        self.process.kill()
        self.process.wait()


def _manner(code: int) -> str:
    if code < 0:
        return f"by signal {signal.Signals(-code).name}"
    return f"with exit code {code}"
