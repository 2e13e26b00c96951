"""What is asked of a run: columns that may not teach, directions to keep, rows that count more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.service.conftest import customers
from workbench.dataset.flat import flat_training_frame
from workbench.errors import DataError, UsageError
from workbench.service import TrainRequest, Workbench
from workbench.training.guidance import guided


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = customers(600, seed=4)
    rows["times"] = np.where(rows["answered"] == "yes", 2.0, 0.5)
    path = tmp_path_factory.mktemp("guidance") / "train.csv"
    rows.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def asked(table: Path) -> TrainRequest:
    return TrainRequest(file=str(table), label="answered", id_column="customer no", name="spring", trials=2)


def frame_of(table: Path):
    return flat_training_frame(table, label="answered", id_column="customer no", name="spring")


def test_a_model_learns_as_it_was_asked_and_says_so(table: Path, asked: TrainRequest, tmp_path: Path) -> None:
    wb = Workbench.open(tmp_path)
    request = replace(
        asked, without=("quiet",), falling=("debt",), weight="times", user=wb.people.practice()[0].name
    )
    done = wb.runs.train_here(request)
    assert any("without quiet" in note for note in done["notes"])
    assert any("only fall with debt" in note for note in done["notes"])
    assert any("count by 'times'" in note for note in done["notes"])
    fresh = customers(50, seed=9).drop(columns=["answered", "quiet"])  # neither is asked for any more
    scores = []
    for debt in (0.0, 60.0, 120.0, 400.0):
        fresh.assign(debt=debt).to_csv(tmp_path / "new.csv", index=False)
        wb.scores.file("spring", tmp_path / "new.csv", out=tmp_path / "scored.csv")
        scores.append(pd.read_csv(tmp_path / "scored.csv")["probability"].to_numpy())
    assert np.diff(np.stack(scores), axis=0).max() <= 1e-9  # though an answer gets likelier with debt


def test_nothing_asked_changes_nothing(table: Path, asked: TrainRequest) -> None:
    frame = frame_of(table)
    same, guidance = guided(frame, asked)
    assert same is frame
    assert guidance.weights is None
    assert guidance.directions == {}


def test_weights_are_brought_to_a_mean_of_one_and_do_not_teach(table: Path, asked: TrainRequest) -> None:
    frame, guidance = guided(frame_of(table), replace(asked, weight="times"))
    assert "times" not in frame.features
    assert guidance.weights is not None
    assert guidance.weights.mean() == pytest.approx(1)
    assert guidance.weights.max() / guidance.weights.min() == pytest.approx(4)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"without": ("quite",)}, "Did you mean 'quiet'"),
        ({"weight": "answered"}, "no feature"),
        ({"rising": ("town",)}, "holds no numbers"),
        ({"rising": ("debt",), "falling": ("debt",)}, "both rise and fall"),
        ({"rising": ("debt",), "without": ("debt",)}, "not to teach at all"),
        ({"without": ("debt", "town", "quiet", "times")}, "no feature is left"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    table: Path, asked: TrainRequest, wish: dict, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        guided(frame_of(table), replace(asked, **wish))
    assert refused.value.code == "WB-U39"


def test_a_row_without_a_weight_is_named(table: Path, asked: TrainRequest, tmp_path: Path) -> None:
    rows = pd.read_csv(table, dtype={"customer no": str})
    rows.loc[[6, 9], "times"] = [np.nan, 0.0]
    rows.to_csv(tmp_path / "gaps.csv", index=False)
    with pytest.raises(DataError, match=r"2 rows of 600 .* row 7") as refused:
        guided(frame_of(tmp_path / "gaps.csv"), replace(asked, weight="times"))
    assert refused.value.code == "WB-D26"


def test_wishes_survive_the_queue(asked: TrainRequest) -> None:
    wished = replace(asked, without=("quiet",), rising=("debt",), weight="times")
    assert TrainRequest.from_dict(wished.as_dict()) == wished
