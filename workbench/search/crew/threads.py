"""A crew of threads: the boosters let go of Python's lock while they work, and nothing is copied."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from workbench.search.budget import Deadline
from workbench.search.crew.contract import LOOK_EVERY_SECONDS, Failure, Finished
from workbench.search.fitting import Fitter, Job, Made


class ThreadCrew:
    """`size` fits side by side in this process, each on one thread.

    Two fits on one thread each are faster than one on two, and a fit's numbers do not depend on the machine's cores.
    """

    def __init__(self, fitter: Fitter, size: int, deadline: Deadline) -> None:
        self.size = size
        self._fitter, self._deadline = fitter, deadline
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix="fit")
        self._running: dict[Future[Made], Job] = {}

    def start(self, job: Job) -> None:
        self._running[self._pool.submit(self._fitter.fit, job, self._deadline)] = job

    @property
    def under_way(self) -> int:
        return len(self._running)

    def finished(self) -> list[Finished]:
        return self._ended(None)

    def look(self) -> list[Finished]:
        return self._ended(LOOK_EVERY_SECONDS)

    def _ended(self, timeout: float | None) -> list[Finished]:
        done, _ = wait(self._running, timeout, return_when=FIRST_COMPLETED)
        return [(self._running.pop(future), _outcome(future)) for future in done]

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _outcome(future: Future[Made]) -> Made | Failure:
    error = future.exception()
    if error is None:
        return future.result()
    if not isinstance(error, Exception):
        raise error  # somebody wants this process to end
    return Failure.of(error)
