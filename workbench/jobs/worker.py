"""The process that runs the jobs of one home."""

from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

from workbench.config import Home
from workbench.jobs import database, slot
from workbench.jobs.process import Command, child_command
from workbench.jobs.queue import alive
from workbench.jobs.workflow import Desk, register

__all__ = ["alive", "run_worker"]

_JANITOR_SECONDS = 5.0
_log = logging.getLogger("workbench.jobs")


def run_worker(home: Home, *, concurrency: int = 1, command: Command = child_command) -> None:
    """Run jobs until SIGTERM or SIGINT, then end the process (this call does not come back).

    A job that runs at that moment is stopped and goes on when a worker starts again. After any kind of
    death another worker, or the next one, takes the jobs over within seconds.
    """
    from dbos import DBOS

    seat = slot.take(home)
    database.prepare(home)
    desk = Desk(home, seat.executor_id, command, concurrency)
    _listen(desk)
    _quieten()
    DBOS(config=database.engine_config(home, seat.executor_id))
    register(desk)
    DBOS.launch()
    DBOS.register_queue(database.QUEUE, worker_concurrency=concurrency, polling_interval_sec=0.5)
    print(f"Worker {seat.executor_id} waits for jobs of {home.path}", file=sys.stderr, flush=True)
    while not desk.stopping.wait(_JANITOR_SECONDS):
        take_over(home, seat.executor_id)
    # the job's own process gets five seconds to end by itself before it is killed
    desk.wait_until_quiet(8.0)
    DBOS.destroy(workflow_completion_timeout_sec=0)
    database.close(home)
    seat.release()
    # threads of interrupted jobs wait for an outcome that will come from a later worker
    os._exit(0)


def take_over(home: Home, own_id: str) -> list[str]:
    """Put the jobs of this machine's dead workers back into the queue; gives the names of those workers."""
    from dbos import DBOS

    pending = database.client(home).list_workflows(status="PENDING", load_input=False, load_output=False)
    others = {status.executor_id for status in pending if status.executor_id} - {own_id}
    dead = sorted(name for name in others if slot.is_local(name) and not slot.is_held(home, name))
    for name in dead:
        _log.warning("worker %s is gone; its jobs go on here", name)
    if dead:
        # the engine keeps this call to itself: the dependency is pinned to the minor, and a test watches it
        DBOS._recover_pending_workflows(dead)
    return dead


def _listen(desk: Desk) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        desk.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _quieten() -> None:
    """Leave out what the engine says about a job that ended as it should: failed with a reason, or cancelled."""
    logging.getLogger("dbos").addFilter(_not_an_ordinary_end)


def _not_an_ordinary_end(record: logging.LogRecord) -> bool:
    from dbos import PortableWorkflowError
    from dbos import error as ends

    ordinary = (
        PortableWorkflowError,
        ends.DBOSWorkflowCancelledError,
        ends.DBOSAwaitedWorkflowCancelledError,
    )
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, ordinary)
