"""A search that several machines share through a real PostgreSQL server: helpers come, die, and the leader too."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import text

from tests.search.conftest import mixed_table
from tests.search.test_crew import LONG, fitter_of, job
from tests.search.test_search import searched, three_folds
from tests.servers import postgresql_server
from workbench.errors import DataError, UsageError
from workbench.search.budget import Deadline
from workbench.search.crew import Failure, ThreadCrew
from workbench.search.crew.helper import help_searches
from workbench.search.crew.shared import SharedCrew
from workbench.search.fitting import Made
from workbench.search.portfolio import FLOOR
from workbench.search.search import search
from workbench.search.spec import SearchSpec
from workbench.store import studies as studies_file
from workbench.store.studies import Studies

__all__ = ["postgresql_server"]


@pytest.fixture
def address(postgresql_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(studies_file, "SILENT_SECONDS", 3.0)
    address = f"{postgresql_server}/postgres"
    opened = Studies.open(address)
    yield address
    with opened.engine.begin() as connection:
        connection.execute(text("DROP TABLE study_fits, study_helpers, study_parts, studies"))
    opened.close()


@pytest.fixture
def studies(address: str) -> Iterator[Studies]:
    opened = Studies.open(address)
    yield opened
    opened.close()


def shared(address: str, deadline: Deadline) -> SharedCrew:
    fitter = fitter_of()
    return SharedCrew(ThreadCrew(fitter, 1, deadline), fitter, deadline, Studies.open(address))


def helper(address: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "workbench", "search-worker", "--idle", "20s"]
    env = os.environ | {"WORKBENCH_STUDY_URL": address}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def until_helped(crew: SharedCrew, size: int = 2) -> None:
    ends = time.monotonic() + 60
    while crew.size < size and time.monotonic() < ends:
        time.sleep(0.2)
    assert crew.size >= size


def test_a_helper_in_another_process_gives_the_same_model(address: str) -> None:
    crew = shared(address, Deadline.after(120))
    helping = helper(address)
    try:
        until_helped(crew)
        crew.start(job(fold=0))
        crew.start(job(fold=1))
        found = []
        while len(found) < 2:
            found += crew.finished()
        alone = fitter_of()
        for asked, made in found:
            assert isinstance(made, Made)
            expected = alone.fit(asked, Deadline.after(None))
            assert np.array_equal(made.log_odds, expected.log_odds)
            assert np.array_equal(made.model.log_odds(alone.data), expected.model.log_odds(alone.data))
    finally:
        helping.kill()
        helping.wait()
        crew.close()


def test_what_a_killed_helper_leaves_undone_is_done_here(address: str) -> None:
    crew = shared(address, Deadline.after(120))
    helping = helper(address)
    try:
        until_helped(crew)
        crew.start(job(LONG))  # takes this machine's place for a while
        crew.start(job(FLOOR, 1))
        time.sleep(0.1)
        helping.kill()
        helping.wait()
        ends = time.monotonic() + 60
        found = []
        crew._deadline._end = time.monotonic() + 20  # ends LONG here
        while len(found) < 2 and time.monotonic() < ends:
            found += crew.finished()
        assert {asked.config.id for asked, _ in found} == {LONG.id, FLOOR.id}
    finally:
        crew.close()


def test_a_whole_search_with_a_helper_is_that_of_one_machine(address: str) -> None:
    X, y = mixed_table()

    def help_out() -> None:
        opened = Studies.open(address)
        try:
            help_searches(opened, workers=1, idle_seconds=8)
        finally:
            opened.close()

    stop = threading.Thread(target=help_out, daemon=True)
    stop.start()
    spec = SearchSpec(trials=6, study=address)
    there = search(X, y, folds=three_folds(y), spec=spec, deadline=Deadline.after(None))
    assert np.array_equal(there.oof_log_odds, searched((X, y), trials=6).oof_log_odds)
    stop.join(60)


def test_two_helpers_never_get_the_same_fit(studies: Studies) -> None:
    study = studies.begin(b"rows")
    offered = {studies.offer(study, {"n": n}, None) for n in range(40)}
    claimed: list[int] = []

    def take(name: str) -> None:
        while claim := studies.claim(study, name):
            claimed.append(claim.fit)

    threads = [threading.Thread(target=take, args=(f"helper{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(offered)


def test_a_silent_helper_loses_its_claim_and_its_late_answer_is_not_taken(studies: Studies) -> None:
    study = studies.begin(b"rows")
    fit = studies.offer(study, {"n": 1}, 60.0)
    first = studies.claim(study, "silent")
    assert first is not None
    assert first.left == pytest.approx(60, abs=5)
    assert studies.claim(study, "eager") is None
    assert not studies.withdraw(fit)
    time.sleep(3.2)
    second = studies.claim(study, "eager")
    assert second is not None
    assert second.fit == fit
    assert not studies.answer(fit, "silent", {"made": True}, b"")
    assert studies.answer(fit, "eager", {"made": True}, b"model")
    assert [a.model for a in studies.answers([fit])] == [b"model"]
    assert studies.answers([fit]) == []


def test_rows_larger_than_one_part_arrive_whole(studies: Studies, monkeypatch) -> None:
    monkeypatch.setattr(studies_file, "PART_BYTES", 1_000)
    rows = os.urandom(4_321)
    assert studies.rows(studies.begin(rows)) == rows


def test_a_study_whose_leader_is_gone_wants_no_help_and_is_cleared_away(studies: Studies) -> None:
    study = studies.begin(b"rows")
    assert studies.wanting() == study
    assert studies.beat(study, "helper", 1, [])
    time.sleep(3.2)
    assert studies.wanting() is None
    assert not studies.beat(study, "helper", 1, [])


def test_the_search_goes_on_alone_when_the_database_goes(address: str) -> None:
    crew = shared(address, Deadline.after(60))
    try:
        crew._slots = 1  # a helper that was there a moment ago
        crew.start(job(fold=0))
        crew.start(job(fold=1))
        crew._studies.engine.dispose()
        crew._studies = Studies(_unreachable())
        found = []
        while len(found) < 2:
            found += crew.finished()
        assert all(isinstance(made, Made) for _, made in found)
        assert crew.size == 1
    finally:
        crew.close()


def test_finish_gives_up_what_is_away(address: str, tmp_path) -> None:
    deadline = Deadline.after(600, tmp_path)
    crew = shared(address, deadline)
    try:
        crew._slots = 1
        crew._beat_at = time.monotonic() + 1_000  # no news of helpers
        crew.start(job(LONG, 0))
        crew.start(job(LONG, 1))
        (tmp_path / "finish").touch()
        asked = time.monotonic()
        found = []
        while len(found) < 2:
            found += crew.finished()
        assert time.monotonic() - asked < 5
        away = {asked.fold: made for asked, made in found}[1]
        assert isinstance(away, Failure)
        assert away.out_of_time
    finally:
        crew.close()


def _unreachable():
    from sqlalchemy import create_engine

    return create_engine(
        "postgresql+psycopg://nobody@127.0.0.1:1/nothing", connect_args={"connect_timeout": 1}
    )


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="WB-S11"):
        Studies.open("sqlite:///file.db")
    with pytest.raises(UsageError, match="WB-S11"):
        Studies.open("no address")
    with pytest.raises(DataError, match="WB-S12"):
        Studies.open("postgresql://nobody@127.0.0.1:1/nothing")
