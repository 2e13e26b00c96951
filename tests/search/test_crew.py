"""Who does the fits: processes give what threads give, and one that dies, hangs or grows takes nothing with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.search.conftest import mixed_table
from tests.search.test_search import searched, three_folds
from workbench.search.budget import Deadline
from workbench.search.crew import Crew, Failure, ProcessCrew, ThreadCrew
from workbench.search.encoder import Encoder
from workbench.search.fitting import ALL_ROWS, Fitter, Job, Made
from workbench.search.learners import Config
from workbench.search.portfolio import FLOOR
from workbench.search.search import search
from workbench.search.spec import SearchSpec

LONG = Config("lightgbm", {"learning_rate": 1e-6, "num_leaves": 31, "min_data_in_leaf": 2, "rounds": 200_000})
"""Each round gains a little, so that it never stops by itself."""


def fitter_of(rows: int = 600) -> Fitter:
    X, y = mixed_table(rows)
    return Fitter(Encoder.fit(X).transform(X), y.astype(float), three_folds(y), seed=0)


def job(config: Config = FLOOR, fold: int = 0) -> Job:
    return Job(config, fold, dict(config.params))


@pytest.fixture
def crew() -> Iterator[ProcessCrew]:
    made = ProcessCrew(fitter_of(), 1, Deadline.after(60))
    yield made
    made.close()


def one(crew: Crew, asked: Job) -> Made | Failure:
    crew.start(asked)
    ((done, made),) = crew.finished()
    assert done == asked
    return made


@pytest.mark.parametrize("family", ["lightgbm", "catboost", "xgboost", "logistic"])
def test_a_process_fits_what_a_thread_fits(crew, family: str) -> None:
    from workbench.search.portfolio import PORTFOLIO

    config = next(c for c in PORTFOLIO if c.family == family).with_params(rounds=30)
    threads = ThreadCrew(fitter_of(), 1, Deadline.after(60))
    for fold in (1, ALL_ROWS):
        here, there = one(threads, job(config, fold)), one(crew, job(config, fold))
        assert isinstance(here, Made)
        assert isinstance(there, Made)
        assert np.array_equal(here.log_odds, there.log_odds)
        data = fitter_of().data
        assert np.array_equal(here.model.log_odds(data), there.model.log_odds(data))
    threads.close()


def test_a_learner_that_refuses_its_parameters_is_one_failure_with_its_traceback(crew) -> None:
    bad = FLOOR.with_params(num_leaves=1)
    for team in (crew, ThreadCrew(fitter_of(), 1, Deadline.after(60))):
        made = one(team, job(bad))
        assert isinstance(made, Failure)
        assert "num_leaves" in made.reason
        assert "Traceback" in made.trace
        assert isinstance(one(team, job()), Made)
        team.close()


def test_a_process_that_is_killed_is_one_failure_and_is_replaced(crew) -> None:
    crew.start(job(LONG))
    time.sleep(1)
    os.kill(crew.workers[0].process.pid, signal.SIGKILL)
    ((_, made),) = crew.finished()
    assert isinstance(made, Failure)
    assert made.reason == "its process ended by signal SIGKILL"
    assert isinstance(one(crew, job()), Made)


def test_a_fit_that_takes_more_memory_than_allowed_is_ended(tmp_path: Path) -> None:
    team = ProcessCrew(fitter_of(), 1, Deadline.after(60), memory_mb=20)
    try:
        made = one(team, job(LONG))
        assert isinstance(made, Failure)
        assert made.reason == "took more than its 20 MB of memory"
    finally:
        team.close()


def test_finish_ends_a_fit_that_would_go_on_for_ever(tmp_path: Path) -> None:
    team = ProcessCrew(fitter_of(), 2, Deadline.after(600, tmp_path))
    try:
        assert isinstance(one(team, job()), Made)
        for fold in (0, 1):
            team.start(job(LONG, fold))
        time.sleep(0.5)
        (tmp_path / "finish").touch()
        asked = time.monotonic()
        ends = []
        while len(ends) < 2:
            ends += team.finished()
        assert time.monotonic() - asked < 5
        assert all(made.cut_short if isinstance(made, Made) else made.out_of_time for _, made in ends)
    finally:
        team.close()


def test_processes_and_threads_give_the_same_search(table) -> None:
    X, y = table
    spec = SearchSpec(trials=6, workers=2)
    there = search(X, y, folds=three_folds(y), spec=spec, deadline=Deadline.after(None))
    here = searched(table, trials=6)
    assert np.array_equal(here.oof_log_odds, there.oof_log_odds)
    assert here.leaderboard.drop(columns="seconds").equals(there.leaderboard.drop(columns="seconds"))


LEADER = """
import sys, pathlib
from workbench.search.budget import Deadline
from workbench.search.crew import ProcessCrew
from tests.search.test_crew import LONG, fitter_of, job
crew = ProcessCrew(fitter_of(), 1, Deadline.after(600))
crew.start(job(LONG))
print(crew.workers[0].process.pid, flush=True)
crew.finished()
"""


def test_no_fit_outlives_a_leader_that_is_killed() -> None:
    leader = subprocess.Popen([sys.executable, "-c", LEADER], stdout=subprocess.PIPE, text=True)
    assert leader.stdout is not None
    worker = int(leader.stdout.readline())
    time.sleep(2)
    os.kill(worker, 0)
    leader.kill()
    leader.communicate()
    ends = time.monotonic() + 5
    while alive(worker) and time.monotonic() < ends:
        time.sleep(0.1)
    assert not alive(worker)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
