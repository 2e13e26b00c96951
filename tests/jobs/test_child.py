"""The child process by itself."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.workload import count
from tests.service.conftest import customers
from workbench.config import Home
from workbench.errors import DiskFull
from workbench.files import read_json, write_json
from workbench.jobs.child import ProgressFile, run_child
from workbench.service import TrainRequest, Workbench


def test_progress_is_written_at_each_new_stage_and_at_the_end(tmp_path: Path) -> None:
    tell = ProgressFile(tmp_path)
    tell("tables", 0.0, "reading")
    tell("search", 0.2, "first trial")
    tell("search", 0.21, "too soon to be written")
    assert read_json(tmp_path / "progress.json")["sentence"] == "first trial"
    tell("search", 1.0, "done")
    assert read_json(tmp_path / "progress.json") == {
        "stage": "search",
        "fraction": 1.0,
        "sentence": "done",
        "stages": ["tables", "search"],
    }


def test_a_second_attempt_forgets_how_the_first_ended(tmp_path: Path) -> None:
    write_json(tmp_path / "spec.json", {"fail": True})
    assert run_child(tmp_path, home=Home(tmp_path), target=count) == 3
    assert read_json(tmp_path / "error.json")["code"] == "WB-T99"
    write_json(tmp_path / "spec.json", {"steps": 1, "pause": 0})
    assert run_child(tmp_path, home=Home(tmp_path), target=count) == 0
    assert not (tmp_path / "error.json").exists()
    assert read_json(tmp_path / "result.json")["counted"] == 1


def test_an_unexpected_error_is_named_and_its_traceback_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(tmp_path / "spec.json", {})
    assert run_child(tmp_path, home=Home(tmp_path), target=count) == 1
    assert read_json(tmp_path / "error.json")["message"].endswith("unexpected error: KeyError: 'steps'")
    assert "Traceback" in capsys.readouterr().err


def test_memory_beyond_the_limit_ends_the_job_with_a_sentence(tmp_path: Path) -> None:
    write_json(tmp_path / "spec.json", {"hungry_mb": 3000})
    done = subprocess.run(
        [sys.executable, "-m", "tests.jobs.workload", "work"]
        + [str(tmp_path), "--home", str(tmp_path), "--parent", str(os.getpid())],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TEST_MEMORY_MB": "1500"},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert read_json(tmp_path / "error.json")["code"] == "WB-J05"


def test_the_real_child_reports_a_broken_spec_instead_of_dying_silently(tmp_path: Path) -> None:
    write_json(tmp_path / "spec.json", {"nonsense": 1})
    done = subprocess.run(
        [sys.executable, "-m", "workbench.jobs.child", str(tmp_path), "--home", str(tmp_path)],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode > 0
    assert read_json(tmp_path / "error.json")["code"].startswith("WB-")


def test_a_full_disk_is_told_as_what_it_is_whichever_library_met_it(tmp_path: Path) -> None:
    def fill(*_: object) -> dict:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise RuntimeError("the model could not be saved") from error

    write_json(tmp_path / "spec.json", {})
    assert run_child(tmp_path, home=Home(tmp_path), target=fill) == 74
    assert read_json(tmp_path / "error.json")["code"] == "WB-X02"


def test_a_training_that_meets_a_full_disk_registers_nothing_and_goes_on_later(tmp_path: Path) -> None:
    customers(300, seed=1).to_csv(tmp_path / "train.csv", index=False)
    wb = Workbench.open(tmp_path / "home")
    asked = TrainRequest(
        file=str(tmp_path / "train.csv"), label="answered", id_column="customer no", trials=2,
        user=wb.people.practice()[0].name,
    )  # fmt: skip
    with small_disk(wb.home.jobs / f"here-{asked.key}" / "journal"), pytest.raises(DiskFull, match="WB-X02"):
        wb.runs.train_here(asked)
    assert wb.models.list() == []
    assert wb.runs.train_here(asked)["version"] == 1


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 32 KB in memory, mounted there; who may not mount one skips the test."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
