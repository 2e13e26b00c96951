"""Each station of the demo is broken in turn, and the demo stops there with a sentence that says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench import demo
from workbench.errors import WorkbenchError
from workbench.progress import silent
from workbench.service import Workbench

ROOT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "feature_defs", tmp_path / "feature_defs")
    return tmp_path


def stops_at(station: str, wb: Workbench) -> WorkbenchError:
    with pytest.raises(WorkbenchError) as stopped:
        demo.run_demo(wb, budget="8s", progress=silent)
    assert f"The demo stopped at '{station}'" in stopped.value.message
    return stopped.value


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_without_definitions_the_demo_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="WB-H01"):
        demo.require_source(tmp_path)


def test_a_missing_table_stops_the_check(home: Path) -> None:
    edit(
        home / "feature_defs/complete_journey/tables.yaml",
        "data/transactions.parquet",
        "data/transaction.parquet",
    )
    error = stops_at("check the tables", Workbench.open(home))
    assert (error.code, error.exit_code) == ("WB-T03", 3)


def test_malformed_yaml_stops_the_check_with_its_line(home: Path) -> None:
    edit(home / "feature_defs/complete_journey/features.yaml", "visits:", "visits: [")
    error = stops_at("check the tables", Workbench.open(home))
    assert error.code == "WB-T01" and "line" in error.message


def test_a_run_whose_process_dies_stops_the_training(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.jobs import foreground

    monkeypatch.setattr(demo, "DATASETS", ())
    monkeypatch.setattr(foreground.process, "start", _killed(foreground.process.start))
    error = stops_at("train the four tasks", Workbench.open(home))
    assert error.code == "WB-J08"


def _killed(start):
    return lambda command, folder: start(["sh", "-c", "kill -9 $$"], folder)


def test_a_broken_definition_stops_the_training(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DATASETS", ())
    edit(home / "feature_defs/complete_journey/features.yaml", "value: sales_value", "value: sale_value")
    error = stops_at("train the four tasks", Workbench.open(home))
    assert error.exit_code == 3 and "sales_value" in error.hint


def test_without_a_model_publishing_stops(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DATASETS", ())
    monkeypatch.setattr(demo, "TASKS", ())
    assert stops_at("publish the model", Workbench.open(home)).code == "WB-R01"


def test_a_day_without_contacts_stops_the_list(journey: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DATASETS", ())
    monkeypatch.setattr(demo, "TASKS", ())
    monkeypatch.setattr(demo, "LIST_CUTOFF", "2017-12-07")
    assert stops_at("make the list", journey).code == "WB-L04"


def test_run_twice_gives_the_same_list_once(journey: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "DATASETS", ())
    monkeypatch.setattr(demo, "TASKS", ())
    monkeypatch.setattr(demo, "cells", lambda run: ())
    first, second = (demo.run_demo(journey, budget="8s", progress=silent) for _ in range(2))
    assert first.audience["id"] == second.audience["id"]
    assert first.exported["manifest"]["sha256"] == second.exported["manifest"]["sha256"]
    assert len([item for item in journey.lists.list() if item.name == demo.LIST_NAME]) == 1


@pytest.mark.slow
def test_the_whole_demo_twice(home: Path) -> None:
    """Same row counts, one new version of each model, no second list."""
    wb = Workbench.open(home)
    first, second = (demo.run_demo(wb, budget="12s", progress=silent) for _ in range(2))
    assert [run["rows"] for run in first.runs] == [run["rows"] for run in second.runs]
    assert [run["version"] for run in first.runs] == [1, 1, 1, 1]
    assert [run["version"] for run in second.runs] == [2, 2, 2, 2]
    assert len(wb.lists.list()) == 1
    assert Path(second.exported["file"]).exists() and second.exported["manifest"]["mark"] == "PRACTICE"
    assert all(run["run_id"] for run in second.runs)
    table = demo.table(second.runs)
    assert len(table) == 6 and all(task in "\n".join(table) for task in demo.TASKS)
