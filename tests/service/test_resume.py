"""A training that is killed goes on with the same command; the same one twice at once is one too many."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.service.conftest import customers
from workbench.errors import Locked
from workbench.service import TrainRequest, Workbench


@pytest.fixture
def asked(tmp_path: Path) -> TrainRequest:
    customers(400, seed=1).to_csv(tmp_path / "train.csv", index=False)
    return TrainRequest(
        file=str(tmp_path / "train.csv"),
        label="answered",
        id_column="customer no",
        trials=5,
        budget_seconds=None,
    )


def command(asked: TrainRequest, home: Path) -> list[str]:
    given = ["train", str(asked.file), "--label", str(asked.label), "--id", str(asked.id_column)]
    return [sys.executable, "-m", "workbench", *given, "--trials", str(asked.trials), "--home", str(home), "--json"]  # fmt: skip


def metrics_of(done: subprocess.CompletedProcess[bytes]) -> dict:
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout)
    return {k: v for k, v in result["metrics"].items() if "seconds" not in k}


def lines(home: Path) -> int:
    found = list((home / "var" / "jobs").glob("here-*/journal/trials.jsonl"))
    return sum(len(path.read_bytes().splitlines()) for path in found)


def test_a_killed_training_goes_on_where_it_was_and_gives_the_same_model(
    asked: TrainRequest, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    first = subprocess.Popen(command(asked, home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 90
    while lines(home) < 4 and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = lines(home)
    assert kept >= 4
    again = subprocess.run(command(asked, home), capture_output=True, timeout=180)
    whole = subprocess.run(command(asked, tmp_path / "fresh"), capture_output=True, timeout=180)
    assert metrics_of(again) == metrics_of(whole)
    (note,) = [n for n in json.loads(again.stdout)["notes"] if n.startswith("Went on from")]
    assert int(note.split()[3]) in range(kept, kept + 3), "what ended during the kill may be there as well"
    assert not any(n.startswith("Went on") for n in json.loads(whole.stdout)["notes"])
    assert not list((home / "var" / "jobs").glob("here-*")), "what is done needs no journal"


def test_the_same_training_is_not_run_twice_at_once(asked: TrainRequest, tmp_path: Path) -> None:
    wb = Workbench.open(tmp_path / "home")
    asked = replace(asked, user=wb.people.practice()[0].name)
    first = subprocess.Popen(
        command(asked, tmp_path / "home"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    lock = tmp_path / "home" / "var" / "locks" / f"here-{asked.key}.lock"
    try:
        until = time.monotonic() + 60
        while not lock.exists() and first.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        with pytest.raises(Locked, match="WB-J22"):
            wb.runs.train_here(asked)
    finally:
        first.kill()
        first.wait()


def test_wishes_that_differ_are_different_runs(asked: TrainRequest) -> None:
    assert replace(asked, started_at=1.0, job_id="a").key == asked.key
    keys = {asked.key, replace(asked, without=("quiet",)).key, replace(asked, seed=1).key, replace(asked, workers=2).key}  # fmt: skip
    assert len(keys) == 4
