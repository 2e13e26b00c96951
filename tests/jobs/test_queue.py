"""Asking for work while nobody does it yet."""

from __future__ import annotations

import concurrent.futures
import json
import sqlite3
from pathlib import Path

import pytest

from workbench.config import Home
from workbench.errors import UsageError
from workbench.jobs import queue


def test_looking_at_a_home_without_jobs_creates_nothing(home: Home) -> None:
    assert queue.list_jobs(home) == []
    assert not queue.alive(home)
    assert list(home.path.iterdir()) == []


def test_a_job_waits_with_its_place_until_a_worker_comes(home: Home) -> None:
    first = queue.enqueue(home, {"task": "a/b", "budget_seconds": 60}, user="ana", title="Coupon response")
    second = queue.enqueue(home, {"task": "a/c"}, user="ben")
    job = queue.get(home, first)
    assert (job.state, job.kind, job.title, job.user) == ("queued", "train", "Coupon response", "ana")
    assert (job.queue_place, job.budget_seconds, job.started_at) == (1, 60.0, None)
    assert [(j.id, j.queue_place) for j in queue.list_jobs(home)] == [(second, 2), (first, 1)]


def test_a_lower_priority_number_goes_first(home: Home) -> None:
    late = queue.enqueue(home, {}, user="ana", priority=5)
    soon = queue.enqueue(home, {}, user="ana")
    assert queue.get(home, soon).queue_place == 1
    assert queue.get(home, late).queue_place == 2


def test_the_same_wish_twice_gives_the_first_job_back(home: Home) -> None:
    first = queue.enqueue(home, {"seed": 1}, user="ana", dedup_key="a/b:2017-10-01")
    again = queue.enqueue(home, {"seed": 2}, user="ben", dedup_key="a/b:2017-10-01")
    other = queue.enqueue(home, {"seed": 2}, user="ben", dedup_key="a/b:2017-11-01")
    assert again == first != other
    assert len(queue.list_jobs(home)) == 2


def test_many_askers_at_once_get_one_job(home: Home) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: queue.enqueue(home, {"n": n}, user="ana", dedup_key="same"), range(16)))
    assert len(set(ids)) == 1


def test_a_cancelled_wish_frees_its_key(home: Home) -> None:
    first = queue.enqueue(home, {}, user="ana", dedup_key="key")
    assert queue.cancel(home, first).state == "cancelled"
    assert queue.enqueue(home, {}, user="ana", dedup_key="key") != first


@pytest.mark.parametrize("verb", [queue.get, queue.cancel, queue.finish, queue.resume])
def test_an_unknown_job_is_named(home: Home, verb: object) -> None:
    queue.enqueue(home, {}, user="ana")
    with pytest.raises(UsageError, match="WB-J01: There is no job 'nope'"):
        verb(home, "nope")  # type: ignore[operator]


def test_what_is_over_cannot_be_cancelled_and_what_waits_cannot_be_resumed(home: Home) -> None:
    job_id = queue.enqueue(home, {}, user="ana")
    with pytest.raises(UsageError, match="WB-J03.*is queued"):
        queue.resume(home, job_id)
    queue.cancel(home, job_id)
    with pytest.raises(UsageError, match="WB-J02.*is cancelled"):
        queue.cancel(home, job_id)
    assert queue.resume(home, job_id).state == "queued"


def test_the_database_holds_json_and_lets_readers_pass_a_writer(home: Home) -> None:
    queue.enqueue(home, {"task": "数据/响应"}, user="ana")
    with sqlite3.connect(home.var / "jobs.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        inputs = connection.execute("SELECT inputs FROM workflow_input").fetchone()[0]
        (how,) = connection.execute("SELECT serialization FROM workflow_status").fetchone()
    assert json.loads(inputs)["positionalArgs"] == [{"task": "数据/响应"}]
    assert "json" in how


def test_a_job_can_be_told_in_json(home: Home, tmp_path: Path) -> None:
    job = queue.get(home, queue.enqueue(home, {}, user="ana", title="x")).as_dict()
    assert job["state"] == "queued"
    assert job["folder"] == str(tmp_path / "var" / "jobs" / str(job["id"]))
    assert job["created_at"].endswith("+00:00")
