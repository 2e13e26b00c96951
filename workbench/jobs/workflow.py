"""What the engine runs for one job: small steps around one heavy step in a process of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.config import Home
from workbench.errors import DiskFull
from workbench.files import read_json, write_json
from workbench.jobs import database, process
from workbench.jobs.process import Child, Command

MAX_ATTEMPTS = 3
"""How often a job whose worker died is tried again before it counts as failed."""
_POLL_SECONDS = 0.5


@dataclass
class Desk:
    """What the worker and its running jobs share."""

    home: Home
    executor_id: str
    command: Command
    concurrency: int = 1
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        # a recovered job comes by the engine's own queue, which knows nothing of worker_concurrency
        self.seats = threading.BoundedSemaphore(self.concurrency)
        self._running = 0
        self._quiet = threading.Condition()

    @contextlib.contextmanager
    def busy(self) -> Generator[None]:
        """Count a job as running, and give its seat back at the end."""
        with self._quiet:
            self._running += 1
        try:
            yield
        finally:
            with self._quiet:
                self._running -= 1
                self._quiet.notify_all()
            self.seats.release()

    def wait_until_quiet(self, timeout_seconds: float) -> bool:
        """Wait until no job's process is left."""
        with self._quiet:
            return self._quiet.wait_for(lambda: self._running == 0, timeout_seconds)


def register(desk: Desk) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Make the workflow known to the engine under the name that `queue.enqueue` uses."""
    from dbos import DBOS, PortableWorkflowError

    @DBOS.step(name="prepare")
    def prepare(spec: dict[str, Any]) -> None:
        folder = desk.home.jobs / _job_id()
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "spec.json", {**spec, "job_id": _job_id()})

    @DBOS.step(name="work")
    def work() -> dict[str, Any]:
        return _work(desk, _job_id(), lambda told: DBOS.set_event("progress", told))

    @DBOS.workflow(name="train", max_recovery_attempts=MAX_ATTEMPTS)
    def train(spec: dict[str, Any]) -> dict[str, Any]:
        prepare(spec)
        outcome = work()
        error = outcome.get("error")
        if error is not None:
            raise PortableWorkflowError(
                error["message"], "JobFailed", code=error["code"], data={"hint": error.get("hint", "")}
            )
        return outcome["result"]

    def _job_id() -> str:
        job_id = DBOS.workflow_id
        if job_id is None:
            raise RuntimeError("a step of a job runs outside of its workflow")
        return job_id

    return train


def _work(desk: Desk, job_id: str, tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    turn = Turn.now(desk, job_id)
    folder = desk.home.jobs / job_id
    while not desk.seats.acquire(timeout=_POLL_SECONDS):
        turn.check()
    with desk.busy():
        turn.check()
        process.end_leftovers(folder)
        child = process.start(desk.command(desk.home, folder), folder)
        try:
            exit_code = _watch(turn, child, tell)
        finally:
            # reached by every way out, so that no process outlives its step
            child.end()
    return _outcome(folder, exit_code)


@dataclass(frozen=True)
class Turn:
    """One attempt at a job. It ends when the job is cancelled, taken over, or the worker stops."""

    desk: Desk
    job_id: str
    began_at: int | None
    """The moment at which the job left the queue: it differs when somebody put it back meanwhile."""

    @classmethod
    def now(cls, desk: Desk, job_id: str) -> Turn:
        status = database.status_of(desk.home, job_id)
        return cls(desk, job_id, status.dequeued_at if status is not None else None)

    def check(self) -> None:
        """Leave without an outcome if the turn is over: a recorded one would keep the job from going on."""
        from dbos import error as dbos_error

        if self.desk.stopping.is_set():
            raise dbos_error.DBOSWorkflowCancelledError(f"the worker stops; job {self.job_id} goes on later")
        status = database.status_of(self.desk.home, self.job_id)
        seen = None if status is None else (status.status, status.executor_id, status.dequeued_at)
        if seen != ("PENDING", self.desk.executor_id, self.began_at):
            raise dbos_error.DBOSWorkflowCancelledError(f"job {self.job_id} was cancelled or taken over")


def _watch(turn: Turn, child: Child, tell: Callable[[dict[str, Any]], None]) -> int:
    pulse = threading.Event()
    seen: tuple[int, int] | None = None
    while True:
        code = child.exit_code()
        seen = _tell_news(child.folder, seen, tell)
        if code is not None:
            return code
        turn.check()
        pulse.wait(_POLL_SECONDS)


def _tell_news(
    folder: Path, seen: tuple[int, int] | None, tell: Callable[[dict[str, Any]], None]
) -> tuple[int, int] | None:
    source = folder / "progress.json"
    try:
        found = source.stat()
    except FileNotFoundError:
        return seen
    if (found.st_mtime_ns, found.st_ino) == seen:
        return seen
    tell(read_json(source))
    return found.st_mtime_ns, found.st_ino


def _outcome(folder: Path, exit_code: int) -> dict[str, Any]:
    if exit_code == 0 and (folder / "result.json").is_file():
        return {"result": read_json(folder / "result.json")}
    if exit_code > 0 and (folder / "error.json").is_file():
        return {"error": read_json(folder / "error.json")}
    if exit_code == DiskFull.exit_code:
        return {"error": DiskFull().as_dict()}
    how = f"by signal {-exit_code}" if exit_code < 0 else f"with exit code {exit_code}"
    return {
        "error": {
            "code": "WB-J04",
            "message": f"The job's process ended {how} and left no result.",
            "hint": "If memory ran out, train on fewer rows; the job's log has the details.",
        }
    }
