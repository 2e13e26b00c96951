"""Ask for work, look at it, stop it: what pages, the command line and schedules use."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.config import Home
from workbench.errors import UsageError
from workbench.files import write_text
from workbench.jobs import database, slot
from workbench.jobs.job import Job, JobError, JobProgress, State

if TYPE_CHECKING:
    from dbos import EnqueueOptions, WorkflowStatus

FINISH_FILE = "finish"
"""A file of this name in a job's folder asks the search to stop and keep the best so far."""

_STATES: dict[str, State] = {
    "DELAYED": "queued",
    "ENQUEUED": "queued",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
    "CANCELLED": "cancelled",
}


def enqueue(
    home: Home,
    spec: dict[str, Any],
    *,
    user: str,
    dedup_key: str | None = None,
    title: str = "",
    kind: str = "train",
    priority: int = 0,
) -> str:
    """Ask for a job and get its id.

    While a job with the same `dedup_key` is queued or running, that job's id comes back and nothing
    new is started. Lower `priority` numbers go first; 0 is the highest.
    """
    job_id = secrets.token_hex(6)
    attributes: dict[str, Any] = {"kind": kind, "title": title or kind}
    budget = spec.get("budget_seconds")
    if isinstance(budget, int | float):
        attributes["budget_seconds"] = float(budget)
    options: EnqueueOptions = {
        "workflow_name": kind,
        "queue_name": database.QUEUE,
        "workflow_id": job_id,
        "authenticated_user": user,
        "attributes": attributes,
    }
    if priority:  # the engine's own numbers start at 1; leaving it out is 0
        options["priority"] = priority
    if dedup_key is not None:
        options["deduplication_id"] = dedup_key
        options["duplication_policy"] = "return-existing"
    handle = database.client(home).enqueue(options, spec)
    return handle.get_workflow_id()


def list_jobs(home: Home, *, limit: int = 100) -> list[Job]:
    """The newest jobs, newest first."""
    if not database.exists(home):
        return []
    found = database.client(home).list_workflows(load_input=False, limit=limit, sort_desc=True)
    places = _places(home) if any(_STATES[status.status] == "queued" for status in found) else {}
    return [_job(home, status, places) for status in found]


def get(home: Home, job_id: str) -> Job:
    """One job.

    Raises:
        UsageError: WB-J01, no job has that id.
    """
    if database.exists(home):
        found = database.client(home).list_workflows(workflow_ids=[job_id], load_input=False)
        if found:
            queued = _STATES[found[0].status] == "queued"
            return _job(home, found[0], _places(home) if queued else {})
    raise UsageError(
        "WB-J01", f"There is no job '{job_id}'.", "`workbench jobs list` shows the jobs that exist."
    )


def cancel(home: Home, job_id: str) -> Job:
    """Stop a job and throw its work away; its process is dead within about two seconds."""
    _active(home, job_id, "cancel")
    database.client(home).cancel_workflow(job_id)
    return get(home, job_id)


def finish(home: Home, job_id: str) -> Job:
    """Ask a job to stop searching and to keep the best it has."""
    job = _active(home, job_id, "finish")
    job.folder.mkdir(parents=True, exist_ok=True)
    write_text(job.folder / FINISH_FILE, "")
    return get(home, job_id)


def resume(home: Home, job_id: str) -> Job:
    """Put a failed or cancelled job back into the queue; it goes on from its own journal."""
    job = get(home, job_id)
    if job.state not in ("failed", "cancelled"):
        raise UsageError(
            "WB-J03",
            f"Job '{job_id}' is {job.state}; only a failed or cancelled job can be resumed.",
            "Start a new one instead.",
        )
    (job.folder / FINISH_FILE).unlink(missing_ok=True)
    database.client(home).rewind_workflow(job_id, queue_name=database.QUEUE)
    return get(home, job_id)


def alive(home: Home) -> bool:
    """Whether a worker of this home runs on this machine."""
    return bool(slot.held(home))


def _active(home: Home, job_id: str, verb: str) -> Job:
    job = get(home, job_id)
    if not job.active:
        raise UsageError(
            "WB-J02",
            f"Cannot {verb} job '{job_id}': it is {job.state}.",
            "Only queued or running jobs can be.",
        )
    return job


def _places(home: Home) -> dict[str, int]:
    queued = database.client(home).list_workflows(
        status=["ENQUEUED", "DELAYED"], load_input=False, load_output=False
    )
    in_turn = sorted(queued, key=lambda status: (status.priority or 0, status.created_at or 0))
    return {status.workflow_id: place for place, status in enumerate(in_turn, start=1)}


def _job(home: Home, status: WorkflowStatus, places: dict[str, int]) -> Job:
    state = _STATES[status.status]
    attributes = status.attributes or {}
    folder = home.jobs / status.workflow_id
    return Job(
        id=status.workflow_id,
        kind=str(attributes.get("kind", status.name)),
        title=str(attributes.get("title", status.name)),
        user=status.authenticated_user or "",
        state=state,
        created_at=_time(status.created_at) or datetime.fromtimestamp(0, UTC),
        started_at=_time(status.dequeued_at) if state != "queued" else None,
        ended_at=_time(status.completed_at),
        progress=_progress(home, status.workflow_id) if state != "queued" else None,
        result=status.output if state == "done" else None,
        error=_error(status) if state == "failed" else None,
        queue_place=places.get(status.workflow_id) if state == "queued" else None,
        budget_seconds=attributes.get("budget_seconds"),
        finishing=state == "running" and (folder / FINISH_FILE).exists(),
        folder=folder,
    )


def _time(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _progress(home: Home, job_id: str) -> JobProgress | None:
    told = database.client(home).get_event(job_id, "progress", timeout_seconds=0)
    if told is None:
        return None
    return JobProgress(
        stage=str(told["stage"]),
        fraction=float(told["fraction"]),
        sentence=str(told["sentence"]),
        stages=tuple(told["stages"]),
    )


def _error(status: WorkflowStatus) -> JobError:
    """The engine gives the child's own error back, or says itself why it gave up."""
    from dbos import PortableWorkflowError

    if status.status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
        return JobError(
            "WB-J06",
            "The job was started several times and its worker died each time.",
            "Look at the job's log, then resume it.",
        )
    error = status.error
    if isinstance(error, PortableWorkflowError) and isinstance(error.data, dict):
        return JobError(str(error.code), error.message, str(error.data.get("hint", "")))
    return JobError("WB-J07", f"The job ended in an unexpected way: {error}", "The worker's log says more.")
