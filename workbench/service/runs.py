"""Runs: queued for a worker, or done here and now in a child process."""

from __future__ import annotations

import builtins
import dataclasses
from dataclasses import dataclass
from typing import Any

from workbench.config import Home
from workbench.jobs.job import Job
from workbench.progress import Progress, silent
from workbench.service.people import People
from workbench.training.request import TrainRequest

MAY_TRAIN = ("business", "modeler", "service")


@dataclass(frozen=True)
class Runs:
    """Training runs of this home."""

    home: Home

    def start(self, request: TrainRequest) -> Job:
        """Queue a run; the same request, while it waits or runs, gives the first one back."""
        from workbench.jobs import queue

        asked = self._allowed(request)
        job_id = queue.enqueue(
            self.home, asked.as_dict(), user=asked.user, dedup_key=asked.key, title=asked.title
        )
        return queue.get(self.home, job_id)

    def again(
        self,
        request: dict[str, Any],
        *,
        user: str,
        without: tuple[str, ...] = (),
        known_before: tuple[str, ...] = (),
    ) -> Job:
        """Queue an earlier run's request once more: without some of its features, or vouching for them."""
        earlier = TrainRequest.from_dict(request)
        changed = dataclasses.replace(
            earlier,
            without=tuple(dict.fromkeys((*earlier.without, *without))),
            known_before=tuple(dict.fromkeys((*earlier.known_before, *known_before))),
            user=user,
            trigger="manual",
            started_at=None,
            job_id=None,
        )
        return self.start(changed)

    def train_here(self, request: TrainRequest, *, progress: Progress = silent) -> dict[str, Any]:
        """Run now, in a child process that ends with this one; gives the result, raises what the child raised.

        After a kill the same request goes on where it was.
        """
        from workbench.jobs.foreground import run_here

        asked = self._allowed(request)
        return run_here(self.home, asked.as_dict(), progress=progress, key=asked.key)

    def list(self) -> builtins.list[Job]:
        from workbench.jobs import queue

        return queue.list_jobs(self.home)

    def get(self, job_id: str) -> Job:
        from workbench.jobs import queue

        return queue.get(self.home, job_id)

    def cancel(self, job_id: str, user: str) -> Job:
        from workbench.jobs import queue

        People(self.home).require(user, *MAY_TRAIN)
        return queue.cancel(self.home, job_id)

    def finish(self, job_id: str, user: str) -> Job:
        from workbench.jobs import queue

        People(self.home).require(user, *MAY_TRAIN)
        return queue.finish(self.home, job_id)

    def resume(self, job_id: str, user: str) -> Job:
        from workbench.jobs import queue

        People(self.home).require(user, *MAY_TRAIN)
        return queue.resume(self.home, job_id)

    def worker_alive(self) -> bool:
        from workbench.jobs import queue

        return queue.alive(self.home)

    def work(self) -> None:
        """Be a worker until told to stop."""
        from workbench.jobs.worker import run_worker

        run_worker(self.home)

    def _allowed(self, request: TrainRequest) -> TrainRequest:
        user = People(self.home).require(request.user, *MAY_TRAIN)
        return dataclasses.replace(request, user=user.name)
