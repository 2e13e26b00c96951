"""The feature engine's benchmark at a five-hundredth of its size: it runs, it compares numbers, and it refuses wrong ones."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from benchmarks.feature_figures.cases import Case
from benchmarks.feature_figures.report import Figure, Report
from benchmarks.feature_figures.rivals import RIVALS, rivals_of

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "features.py"


@pytest.fixture
def features(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import features

    return features


def test_one_command_measures_rivals_and_ours_on_equal_numbers(tmp_path: Path) -> None:
    command = [
        sys.executable,
        str(SCRIPT),
        "--scale",
        "0.002",
        "--repeat",
        "1",
        "--only",
        "windows",
        "growth",
    ]
    done = subprocess.run(
        [*command, "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "features.json").read_text())
    assert set(found["measurements"]["monthly"]) == {"ours", "plain", "pairs", "union", "grid"}
    assert found["measurements"]["monthly"]["ours"]["columns"] == 9
    assert {f["verdict"] for f in found["figures"]} <= {"met", "MISSED"}
    assert len(found["figures"]) == 4 * 2 + 3
    written = (tmp_path / "out" / "features.md").read_text()
    assert "--scale 0.002" in written
    assert str(tmp_path) not in written
    assert not list((tmp_path / "cache").glob("growth-*"))  # the large files do not stay


@pytest.mark.parametrize("known", ["at_once", "next_day", "own"])
@pytest.mark.parametrize("grid", ["monthly", "own", "one"])
def test_every_rival_counts_what_was_known_strictly_before_the_cutoff(grid: str, known: str) -> None:
    case = Case("five rows", 1, 1, 5, grid=grid, known=known, windows=(30, 90, 365))
    cutoff = datetime(2024, 6, 1)
    happened = {
        "in time": datetime(2024, 5, 20),
        "at the cutoff": cutoff,
        "less than a day before": datetime(2024, 5, 31, 12),
        "at the window's first moment": datetime(2024, 5, 2),
        "just outside": datetime(2024, 5, 1, 23, 59, 59),
    }
    events = pd.DataFrame(
        {"customer": 1, "happened": list(happened.values()), "amount": [1.0, 2.0, 4.0, 8.0, 16.0]}
    )
    events["known"] = events["happened"] + pd.Timedelta(days=13)
    # a day after: all that happened before 31 May; a column of its own: what happened before 19 May
    sums = {"at_once": (13.0, 29.0), "next_day": (9.0, 25.0), "own": (8.0, 24.0)}[known]
    counts = {"at_once": (3, 4), "next_day": (2, 3), "own": (1, 2)}[known]
    with duckdb.connect() as con:
        con.register("events", events)
        con.register("spine", pd.DataFrame({"_row": [0, 1], "customer": [1, 2], "_cutoff": [cutoff, cutoff]}))
        for name in rivals_of(case):
            answer = con.execute(RIVALS[name](case, con)).df().set_index("_row").reindex([0, 1])
            first = answer.loc[0]
            assert (first["amount_sum_30d"], first["amount_sum_90d"]) == sums, name
            assert (first["amount_count_30d"], first["amount_count_90d"]) == counts, name
            assert first["amount_mean_365d"] == sums[1] / counts[1], name
            assert pd.isna(answer.loc[1, "amount_mean_365d"]), name


def test_a_wrong_number_ends_the_run(features) -> None:
    ours = pd.DataFrame({"_row": [0, 1], "amount_mean_30d": [1.0, 2.0]})
    features.compare_frames(ours, ours.copy(), 2, "ours and ours")
    wrong = ours.assign(amount_mean_30d=[1.0, 2.0 + 1e-8])
    with pytest.raises(features.DisagreementError, match="disagree on amount_mean_30d in 1 of 2 rows; row 1"):
        features.compare_frames(ours, wrong, 2, "ours and another")
    absent = ours.iloc[:1]
    with pytest.raises(features.DisagreementError, match="row 1: 2.0 and nan"):
        features.compare_frames(ours, absent, 2, "ours and another")


def test_comparing_nothing_is_refused(features) -> None:
    ours = pd.DataFrame({"_row": [0], "amount_mean_30d": [1.0]})
    with pytest.raises(features.DisagreementError, match="no column in common"):
        features.compare_frames(ours, ours.rename(columns={"amount_mean_30d": "x"}), 1, "ours and another")


def test_a_figure_that_was_missed_is_written_as_missed() -> None:
    report = Report("python benchmarks/features.py", {"threads": 2})
    report.figures.append(Figure("time", "1.3x", "1.2x", met=False))
    report.figures.append(Figure("Featuretools", "skipped: no python3.11", "100x", met=None))
    assert "| time | 1.3x | 1.2x | MISSED |" in report.markdown()
    assert "| Featuretools | skipped: no python3.11 | 100x | not measured |" in report.markdown()


def test_featuretools_that_cannot_be_installed_is_skipped_with_the_reason(
    features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    runner = features.Runner(tmp_path, 1, "1500MB", 0.002, 1)
    report = Report("python benchmarks/features.py", {})
    features.featuretools(runner, report)
    assert report.figures[0].met is None
    assert "neither python3.11 nor python3.10" in report.figures[0].measured


def test_a_case_has_the_same_rows_wherever_it_is_written(tmp_path: Path) -> None:
    case = Case("small", 5, 2, 50)
    first, second = (case.prepare(tmp_path / n) for n in ("a", "b"))
    one, two = (
        pd.read_parquet(f / "events.parquet").sort_values(["customer", "happened"], ignore_index=True)
        for f in (first, second)
    )
    pd.testing.assert_frame_equal(one, two)
    assert len(one) == 50
