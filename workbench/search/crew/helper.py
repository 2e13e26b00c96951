"""The other end of a shared crew: a machine that helps with whatever search asks for help."""

from __future__ import annotations

import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from workbench.files import pack_folder, unpack_folder
from workbench.search.budget import Deadline
from workbench.search.crew.contract import Failure
from workbench.search.crew.processes import ProcessCrew
from workbench.search.fitting import Fitter, Job, Made, write_made
from workbench.store.studies import Claim, Studies

_LOOK_EVERY_SECONDS = 1.0
_BEAT_SECONDS = 3.0


def help_searches(
    studies: Studies,
    *,
    workers: int,
    memory_mb: int | None = None,
    idle_seconds: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Fits for one shared search after the other, `workers` fits at a time; gives how many fits were handed in.

    Ends after `idle_seconds` without a search that wants help; None: never. A search's end, or its leader's, ends the fits
    for it within seconds.
    """
    helper = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    handed_in, last = 0, time.monotonic()
    while idle_seconds is None or time.monotonic() - last < idle_seconds:
        study = studies.wanting()
        if study is None:
            time.sleep(_LOOK_EVERY_SECONDS)
            continue
        say(f"helping search {study}")
        done = _Help(studies, study, helper, workers, memory_mb).until_over()
        say(f"search {study} is over; {done} fits handed in")
        handed_in, last = handed_in + done, time.monotonic()
    return handed_in


class _Help:
    """One helper's part in one search."""

    def __init__(
        self, studies: Studies, study: int, helper: str, workers: int, memory_mb: int | None
    ) -> None:
        self.studies, self.study, self.helper, self.workers = studies, study, helper, workers
        self.memory_mb = None if memory_mb is None else memory_mb / workers
        self.claims: dict[tuple[str, int], Claim] = {}
        self.handed_in = 0

    def until_over(self) -> int:
        with tempfile.TemporaryDirectory(prefix="workbench-help-") as name:
            folder = Path(name)
            unpack_folder(self.studies.rows(self.study), folder / "rows")
            crew = ProcessCrew(Fitter.open(folder / "rows"), self.workers, Deadline.after(None), memory_mb=self.memory_mb)  # fmt: skip
            try:
                while self._beat():
                    self._round(crew, folder)
            finally:
                crew.close()
                self.studies.leave(self.study, self.helper)
        return self.handed_in

    def _beat(self) -> bool:
        fits = [claim.fit for claim in self.claims.values()]
        return self.studies.beat(self.study, self.helper, self.workers, fits)

    def _round(self, crew: ProcessCrew, folder: Path) -> None:
        """Some seconds of work, until the next sign of life."""
        ends = time.monotonic() + _BEAT_SECONDS
        while time.monotonic() < ends:
            while crew.under_way < crew.size:
                claim = self.studies.claim(self.study, self.helper)
                if claim is None:
                    break
                job = Job.from_dict(claim.job)
                self.claims[job.config.id, job.fold] = claim
                crew.start(job, left=claim.left)
            if not crew.under_way:
                time.sleep(0.2)
                continue
            for job, made in crew.look():
                claim = self.claims.pop((job.config.id, job.fold))
                reply, packed = _packed(made, folder)
                self.handed_in += self.studies.answer(claim.fit, self.helper, reply, packed)


def _packed(made: Made | Failure, folder: Path) -> tuple[dict[str, object], bytes]:
    if isinstance(made, Failure):
        return {"failed": made.reason, "trace": made.trace, "out_of_time": made.out_of_time}, b""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        write_made(made, Path(place))
        return {"made": True}, pack_folder(Path(place))
