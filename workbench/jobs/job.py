"""What can be known about one job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

State = Literal["queued", "running", "done", "failed", "cancelled"]

ACTIVE: frozenset[State] = frozenset({"queued", "running"})


@dataclass(frozen=True)
class JobProgress:
    """How far a job is: the stage it is in, the share of the whole (0..1) and one sentence."""

    stage: str
    fraction: float
    sentence: str
    stages: tuple[str, ...] = ()
    """The stages entered so far, the current one last."""


@dataclass(frozen=True)
class JobError:
    """Why a job failed, in the shape of every error of the workbench."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True)
class Job:
    """One job as it was when it was looked at; times are in UTC."""

    id: str
    kind: str
    title: str
    user: str
    state: State
    created_at: datetime
    folder: Path
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: JobProgress | None = None
    result: dict[str, Any] | None = None
    error: JobError | None = None
    queue_place: int | None = None
    """1 for the job that is next; None once it is no longer queued."""
    budget_seconds: float | None = None
    finishing: bool = False
    """Someone asked it to finish now and keep the best so far."""

    @property
    def active(self) -> bool:
        """Whether anything can still happen to it."""
        return self.state in ACTIVE

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, times as ISO 8601."""
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "user": self.user,
            "state": self.state,
            "created_at": self.created_at.isoformat(),
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "progress": _plain(self.progress),
            "result": self.result,
            "error": _plain(self.error),
            "queue_place": self.queue_place,
            "budget_seconds": self.budget_seconds,
            "finishing": self.finishing,
            "folder": str(self.folder),
        }


def _plain(part: JobProgress | JobError | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(part).items()}
