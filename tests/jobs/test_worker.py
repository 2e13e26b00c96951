"""Real workers and real child processes: what happens when something dies."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.jobs.processes import Workers, ended, is_running, until
from workbench.config import Home
from workbench.jobs import process, queue, slot


def pids(folder: Path) -> list[int]:
    source = folder / "attempts.txt"
    return [int(line.split()[1]) for line in source.read_text().splitlines()] if source.exists() else []


def test_a_job_runs_tells_how_far_it_is_and_gives_its_result(home: Home, workers: Workers) -> None:
    assert not queue.alive(home)
    workers.start()
    assert queue.alive(home)
    job_id = queue.enqueue(home, {"steps": 12, "pause": 0.15}, user="ana", title="Counting")
    until(lambda: (queue.get(home, job_id).progress or 0) != 0, "the first progress")
    seen = queue.get(home, job_id)
    assert seen.state == "running"
    assert seen.progress is not None
    assert seen.progress.stage == "counting"
    assert 0 < seen.progress.fraction < 1
    job = ended(home, job_id)
    assert (job.state, job.result) == ("done", {"counted": 12, "resumed_from": 0, "home": str(home.path)})
    assert job.progress is not None
    assert (job.progress.fraction, job.progress.stages) == (1.0, ("counting", "last"))
    assert job.created_at <= job.started_at <= job.ended_at  # type: ignore[operator]


def test_errors_keep_their_code_sentence_and_hint(home: Home, workers: Workers) -> None:
    workers.start()
    told = queue.enqueue(home, {"fail": True}, user="ana")
    crashed = queue.enqueue(home, {"crash": True}, user="ana")
    job = ended(home, told)
    assert job.state == "failed"
    assert job.error is not None
    assert (job.error.code, job.error.message) == ("WB-T99", "The table is not a table.")
    assert job.error.hint == "Give it another one."
    job = ended(home, crashed)
    assert job.error is not None
    assert job.error.code == "WB-J04"
    assert "signal 6" in job.error.message
    assert "Traceback" not in workers.log()


def test_cancel_kills_the_process_and_all_it_started_within_two_seconds(home: Home, workers: Workers) -> None:
    workers.start()
    job_id = queue.enqueue(home, {"steps": 1000, "offspring": True}, user="ana")
    folder = home.jobs / job_id
    until(lambda: pids(folder), "the child")
    (pid,) = pids(folder)
    marked = _marked(folder)
    assert len(marked) == 2
    asked = time.monotonic()
    assert queue.cancel(home, job_id).state == "cancelled"
    until(lambda: not any(is_running(p) for p in marked), "the processes to end", 5)
    assert time.monotonic() - asked < 2.0
    assert pid in marked
    follower = ended(home, queue.enqueue(home, {"steps": 1}, user="ana"))
    assert follower.state == "done", "the next job must get the seat"
    assert "Traceback" not in workers.log()


def test_finish_now_keeps_what_there_is(home: Home, workers: Workers) -> None:
    workers.start()
    job_id = queue.enqueue(home, {"steps": 1000}, user="ana")
    until(lambda: pids(home.jobs / job_id), "the child")
    assert queue.finish(home, job_id).finishing
    job = ended(home, job_id)
    assert job.state == "done"
    assert job.result is not None
    assert job.result["counted"] < 1000


def test_a_cancelled_job_goes_on_from_its_journal_when_resumed(home: Home, workers: Workers) -> None:
    workers.start()
    job_id = queue.enqueue(home, {"steps": 15}, user="ana")
    journal = home.jobs / job_id / "journal.txt"
    until(lambda: journal.exists() and len(journal.read_text().splitlines()) >= 3, "some work")
    queue.cancel(home, job_id)
    queue.resume(home, job_id)
    job = ended(home, job_id)
    assert job.state == "done"
    assert job.result is not None
    assert job.result["resumed_from"] >= 3
    _never_twice_at_once(journal)


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_worker_that_dies_loses_nothing_and_runs_nothing_twice(
    home: Home, workers: Workers, how: signal.Signals
) -> None:
    worker = workers.start()
    job_id = queue.enqueue(home, {"steps": 15, "offspring": True}, user="ana")
    journal = home.jobs / job_id / "journal.txt"
    until(lambda: journal.exists() and len(journal.read_text().splitlines()) >= 3, "some work")
    (child,) = pids(home.jobs / job_id)
    worker.send_signal(how)
    code = worker.wait(12)
    assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    until(lambda: not is_running(child), "the child to die with its worker", 3)
    assert not queue.alive(home)
    assert queue.get(home, job_id).state == "running", "it is still to be done"
    workers.start()
    job = ended(home, job_id)
    assert job.result is not None
    assert job.result["counted"] == 15
    assert job.result["resumed_from"] >= 3
    assert len(pids(home.jobs / job_id)) == 2
    _never_twice_at_once(journal)


@pytest.mark.slow
def test_a_second_worker_takes_over_the_jobs_of_a_dead_one(home: Home, workers: Workers) -> None:
    first = workers.start()
    long = queue.enqueue(home, {"steps": 40}, user="ana")
    until(lambda: pids(home.jobs / long), "the first child")
    workers.start()
    other = queue.enqueue(home, {"steps": 5}, user="ben")
    assert ended(home, other).state == "done", "two workers work at the same time"
    first.kill()
    first.wait(5)
    job = ended(home, long, 40)
    assert job.result is not None
    assert job.result["resumed_from"] > 0
    _never_twice_at_once(home.jobs / long / "journal.txt")
    assert len(slot.held(home)) == 1


def test_leftovers_of_an_earlier_attempt_are_ended_first(tmp_path: Path) -> None:
    left = process.start(["sleep", "60"], tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    bystander = process.start(["sleep", "60"], other)
    try:
        assert process.end_leftovers(tmp_path) == 1
        assert left.process.wait(5) == -signal.SIGKILL
        assert bystander.exit_code() is None
    finally:
        bystander.end()
        left.end()


def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    child = process.start(["sh", "-c", "trap '' TERM; echo ready; sleep 60; sleep 60"], tmp_path)
    until(lambda: "ready" in (tmp_path / "log.txt").read_text(), "the shell")
    child.end(patience_seconds=0.3)
    assert child.exit_code() == -signal.SIGKILL
    until(lambda: _marked(tmp_path) == [], "the end of all it had started")


def _marked(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{process.MARK}={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _never_twice_at_once(journal: Path) -> None:
    """Each number was counted once, and the processes that did it took turns."""
    lines = [line.split() for line in journal.read_text().splitlines()]
    assert [int(number) for number, _, _ in lines] == list(range(1, len(lines) + 1))
    turns = [pid for n, (_, pid, _) in enumerate(lines) if n == 0 or lines[n - 1][1] != pid]
    assert len(turns) == len(set(turns))
