"""A crew with helpers on other machines: what this machine has no room for is offered through PostgreSQL."""

from __future__ import annotations

import logging
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from workbench.files import pack_folder, unpack_folder
from workbench.search.budget import Deadline
from workbench.search.crew.contract import LOOK_EVERY_SECONDS, Failure, Finished, LocalCrew
from workbench.search.fitting import Fitter, Job, read_made
from workbench.store.database import SQLAlchemyError
from workbench.store.studies import Answer, Studies

_BEAT_SECONDS = 2.0
_LATE_SECONDS = 2.0  # beyond the deadline, after which an answer from elsewhere is no longer waited for

T = TypeVar("T")


class SharedCrew:
    """`local` does what it has room for; further fits go to whoever helps. Helpers may come and go at any time: what they
    leave undone is done here. If the database goes, the search goes on alone."""

    def __init__(self, local: LocalCrew, fitter: Fitter, deadline: Deadline, studies: Studies) -> None:
        self._local, self._deadline, self._studies = local, deadline, studies
        self._away: dict[int, Job] = {}
        self._back: deque[Job] = deque()
        self._slots, self._beat_at, self._alone = 0, 0.0, False
        with tempfile.TemporaryDirectory(prefix="workbench-rows-") as folder:
            fitter.save(Path(folder) / "rows")
            packed = pack_folder(Path(folder) / "rows")
        self._study = studies.begin(packed)

    @property
    def size(self) -> int:
        self._beat()
        return self._local.size + self._slots

    def start(self, job: Job) -> None:
        if self._local.under_way < self._local.size:
            self._local.start(job)
            return
        left = self._deadline.remaining()
        fit = self._asked(
            lambda: self._studies.offer(self._study, job.to_dict(), None if left == float("inf") else left)
        )
        if fit is None:
            self._back.append(job)
        else:
            self._away[fit] = job

    def finished(self) -> list[Finished]:
        while True:
            self._beat()
            found = self._given_up() or self._arrived()
            self._bring_back()
            if self._local.under_way:
                found += self._local.look()
            elif not found and (self._away or self._back):
                time.sleep(LOOK_EVERY_SECONDS)
            if found or not (self._local.under_way or self._away or self._back):
                return found

    def close(self) -> None:
        self._local.close()
        self._asked(lambda: self._studies.end(self._study))
        self._studies.close()

    def _beat(self) -> None:
        if time.monotonic() - self._beat_at >= _BEAT_SECONDS:
            self._slots = self._asked(lambda: self._studies.lead(self._study)) or 0
            self._beat_at = time.monotonic()

    def _arrived(self) -> list[Finished]:
        answers = self._asked(lambda: self._studies.answers(self._away)) if self._away else None
        return [_finished(self._away.pop(answer.fit), answer) for answer in answers or ()]

    def _given_up(self) -> list[Finished]:
        """Fits elsewhere for which there is no more time."""
        over = self._deadline.finish_requested() or self._deadline.overdue() > _LATE_SECONDS
        if not over or not self._away:
            return []
        given_up: list[Finished] = [
            (job, Failure("the time was up", out_of_time=True)) for job in self._away.values()
        ]
        self._away.clear()
        return given_up

    def _bring_back(self) -> None:
        """Work that nobody has taken on is done here as soon as there is room."""
        while self._local.under_way < self._local.size:
            if not self._back:
                taken = next(
                    (f for f in self._away if self._asked(lambda f=f: self._studies.withdraw(f))), None
                )
                if taken is None:
                    return
                self._back.append(self._away.pop(taken))
            self._local.start(self._back.popleft())

    def _asked(self, question: Callable[[], T]) -> T | None:
        """The database's answer, or None once it has gone: then all that was away is done here."""
        if self._alone:
            return None
        try:
            return question()
        except SQLAlchemyError as error:
            logging.getLogger(__name__).warning(
                "The study's database has gone, the search goes on alone: %s", error
            )
            self._alone, self._slots = True, 0
            self._back.extend(self._away.values())
            self._away.clear()
            return None


def _finished(job: Job, answer: Answer) -> Finished:
    reply = answer.reply
    if "failed" in reply:
        return job, Failure(reply["failed"], reply.get("trace", ""), bool(reply.get("out_of_time")))
    with tempfile.TemporaryDirectory(prefix="workbench-fit-") as folder:
        unpack_folder(answer.model, Path(folder) / "fit")
        return job, read_made(job.config.family, Path(folder) / "fit")
