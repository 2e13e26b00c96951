"""What cannot be trained or scored is refused in one sentence with a stable code, and nothing is half done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.flat import flat_scoring_frame, flat_training_frame
from workbench.errors import DataError

N = 200


def table(**changes: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"c{i}" for i in range(N)],
            "age": rng.integers(18, 80, N),
            "city": rng.choice(["Paris", "Lima"], N),
            "opened": pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d"),
            "y": np.tile([0, 0, 0, 1], N // 4),
        }
    )
    return frame.assign(**changes)


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    (
        "WB-D01",
        {},
        {"label": "Y2"},
        "no column 'Y2' (the label)",
        "Did you mean 'y'? Known: id, age, city, opened, y.",
    ),
    ("WB-D02", {"y": None}, {}, "'y' has no values", "Choose another label column"),
    ("WB-D03", {"y": 1}, {}, "only one value: '1' (200)", "Add rows of the other outcome"),
    (
        "WB-D04",
        {"y": np.tile(["a", "b", "b", "c"], 50)},
        {},
        "3 values; a label needs two: 'b' (100), 'a' (50), 'c' (50)",
        "Keep the rows of two values",
    ),
    ("WB-D04", {"y": np.linspace(0, 1, N)}, {}, "200 values", "Keep the rows"),
    (
        "WB-D05",
        {"y": [1] * 19 + [0] * 181},
        {},
        "Only 19 rows have '1' in label column 'y'; at least 20",
        "Collect more rows",
    ),
    ("WB-D05", {"y": [0] * 19 + [1] * 181}, {}, "Only 19 rows have '0'", "Collect more rows"),
    (
        "WB-D06",
        {"y": np.tile(["yes", "no"], 100)},
        {"positive": "yess"},
        "'yess' is not a value",
        "Did you mean 'yes'?",
    ),
    ("WB-D07", {}, {"id_column": "idd"}, "no column 'idd' (the id column)", "Did you mean 'id'?"),
    (
        "WB-D08",
        {},
        {"time_column": "openned"},
        "no column 'openned' (the time column)",
        "Did you mean 'opened'?",
    ),
    (
        "WB-D09",
        {},
        {"time_column": "city"},
        "cannot be read as dates: 200 of 200 values are none",
        "Write dates like 2025-03-31",
    ),
    ("WB-D09", {"opened": ""}, {"time_column": "opened"}, "'opened' has no values", "Fill it in"),
    (
        "WB-D10",
        {},
        {"known_after_event": ("age", "citty")},
        "no column 'citty' (known only after the event)",
        "Did you mean 'city'?",
    ),
    (
        "WB-D11",
        {"age": 3, "city": "x", "opened": ""},
        {"id_column": "id"},
        "No column is left to learn from",
        "Give a table",
    ),
    ("WB-D12", {}, {"id_column": "y"}, "'y' is given two roles", "Name another column"),
    ("WB-D12", {}, {"known_after_event": ("y",)}, "'y' is given two roles", "Name another column"),
]


@pytest.mark.parametrize(("code", "changes", "options", "words", "hint"), CASES)
def test_no_training(
    tmp_path: Path, code: str, changes: dict[str, Any], options: dict[str, Any], words: str, hint: str
) -> None:
    path = tmp_path / "t.csv"
    table(**changes).to_csv(path, index=False)
    with pytest.raises(DataError) as caught:
        flat_training_frame(path, **{"label": "y", "name": "m"} | options)
    error = caught.value
    assert (error.code, error.exit_code) == (code, 3)
    assert words in error.message
    assert hint in error.hint


def test_rows_left_out_may_leave_too_few(tmp_path: Path) -> None:
    """Copies are set aside before the 20 rows of either class are counted."""
    path = tmp_path / "t.csv"
    frame = table(y=[1] * 15 + [0] * 185)
    pd.concat([frame, frame.head(15)]).to_csv(path, index=False)
    with pytest.raises(DataError, match="Only 15 rows have '1'"):
        flat_training_frame(path, label="y", name="m", id_column="id")


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        ("WB-P01", {"drop": ["age"], "rename": {}}, "lacks column 'age'"),
        ("WB-P01", {"drop": ["age", "city"], "rename": {}}, "lacks 2 columns: 'age', 'city'"),
        ("WB-P01", {"drop": [], "rename": {"id": "ID"}}, "lacks column 'id'"),
    ],
)
def test_no_scoring_without_a_column(tmp_path: Path, code: str, changes: dict[str, Any], words: str) -> None:
    train, other = tmp_path / "t.csv", tmp_path / "s.csv"
    table().to_csv(train, index=False)
    frame = flat_training_frame(train, label="y", name="m", id_column="id")
    table().drop(columns=changes["drop"]).rename(columns=changes["rename"]).to_csv(other, index=False)
    with pytest.raises(DataError) as caught:
        flat_scoring_frame(other, frame.schema)
    assert (caught.value.code, caught.value.exit_code) == (code, 3)
    assert words in caught.value.message


def test_a_renamed_column_is_guessed(tmp_path: Path) -> None:
    train, other = tmp_path / "t.csv", tmp_path / "s.csv"
    table().to_csv(train, index=False)
    frame = flat_training_frame(train, label="y", name="m")
    table().rename(columns={"opened": "opned"}).to_csv(other, index=False)
    with pytest.raises(DataError) as caught:
        flat_scoring_frame(other, frame.schema)
    assert "Did you mean 'opned'?" in caught.value.hint


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("age", ["young"] * 11 + ["30"] * 189, "'age' held numbers in training, but here 11 of 200 values"),
        ("age", pd.date_range("2024-01-01", periods=N), "'age' held numbers in training"),
        ("opened", ["soon"] * N, "'opened' held dates in training, but here 200 of 200"),
        ("opened", range(N), "'opened' held dates"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_no_scoring_of_a_changed_type(
    tmp_path: Path, column: str, values: Any, words: str, suffix: str
) -> None:
    train, other = tmp_path / "t.csv", tmp_path / f"s.{suffix}"
    table().to_csv(train, index=False)
    frame = flat_training_frame(train, label="y", name="m")
    changed = table(**{column: values})
    changed.to_csv(other, index=False) if suffix == "csv" else changed.to_parquet(other)
    with pytest.raises(DataError) as caught:
        flat_scoring_frame(other, frame.schema)
    assert (caught.value.code, caught.value.exit_code) == ("WB-P02", 3)
    assert words in caught.value.message
    assert "for example '" in caught.value.message


def test_a_few_unreadable_cells_are_missing_not_fatal(tmp_path: Path) -> None:
    train, other = tmp_path / "t.csv", tmp_path / "s.csv"
    table().to_csv(train, index=False)
    frame = flat_training_frame(train, label="y", name="m")
    table(age=["young"] * 10 + ["30"] * 190).to_csv(other, index=False)
    rows = flat_scoring_frame(other, frame.schema)
    assert rows.features["age"].isna().sum() == 10
    assert rows.notes == ("10 unreadable cells were counted as missing, in 'age'.",)
