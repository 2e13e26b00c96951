"""One process of a crew: opens the rows, then fits what it is told, one job after the other."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import uuid
from multiprocessing.connection import Connection
from pathlib import Path

from workbench.files import whole_folder
from workbench.search.budget import Deadline
from workbench.search.crew.contract import Failure
from workbench.search.fitting import Fitter, Job, write_made
from workbench.search.learners import LEARNERS

_DIE_WITH_PARENT = 1  # prctl: a search that is killed leaves no fit running


def main() -> None:
    folder, handle = Path(sys.argv[1]), int(sys.argv[2])
    with contextlib.suppress(
        OSError, AttributeError
    ):  # Linux only; elsewhere the closed pipe ends it after its fit
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    pipe = Connection(handle)
    fitter = Fitter.open(folder / "rows")
    for learner in LEARNERS.values():
        learner.prepare()
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        pipe.send(one(fitter, Job.from_dict(asked["job"]), Deadline(asked["ends"]), folder))


def one(fitter: Fitter, job: Job, deadline: Deadline, folder: Path) -> dict[str, str]:
    """The answer: the name of the folder with the fit, or why there is none."""
    name = uuid.uuid4().hex
    try:
        made = fitter.fit(job, deadline)
        with whole_folder(folder / name) as part:
            write_made(made, part)
    except Exception as error:  # noqa: BLE001 - whatever a library raises is this one fit's failure
        failure = Failure.of(error)
        return {"failed": failure.reason, "trace": failure.trace}
    return {"made": name}


if __name__ == "__main__":
    main()
