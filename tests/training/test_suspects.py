"""A column that nothing can replace is asked about, whatever it is called and however weak it is alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.flat import flat_training_frame
from workbench.dataset.frame import TrainingFrame
from workbench.dataset.leakage import leakage_findings
from workbench.dataset.splits import make_splits
from workbench.errors import DataError
from workbench.training.suspects import suspects

SHARED = Path(__file__).parents[3] / "shared" / "data"
CALLS = SHARED / "bank_additional" / "bank-additional-full.csv.gz"


def found(frame: TrainingFrame, **settings: object) -> list[tuple[str, str, str]]:
    splits = make_splits(frame, seed=0)
    return [(f.code, f.severity, f.column) for f in suspects(frame, splits, seed=0, **settings)]  # ty: ignore[invalid-argument-type]


def calls(folder: Path, **renamed: str) -> TrainingFrame:
    table = pd.read_csv(CALLS, sep=";").rename(columns=renamed)
    table.to_csv(folder / "calls.csv", index=False)
    return flat_training_frame(folder / "calls.csv", name="calls", label="y")


@pytest.mark.skipif(not CALLS.exists(), reason="the bank's calls are not on this machine")
def test_how_long_a_call_lasted_is_found_under_any_name(tmp_path: Path) -> None:
    frame = calls(tmp_path, duration="kundenfaktor")
    assert leakage_findings(frame) == ()  # alone it looks like an honest column
    assert found(frame) == [("WB-D24", "stop", "kundenfaktor")]
    assert found(frame, known_before=("kundenfaktor",)) == []


@pytest.mark.skipif(not CALLS.exists(), reason="the bank's calls are not on this machine")
def test_the_same_told_twice_is_found_as_one(tmp_path: Path) -> None:
    table = pd.read_csv(CALLS, sep=";")
    table = table.assign(a=table["duration"], b=(table["duration"] / 60).round(1)).drop(columns="duration")
    table.to_csv(tmp_path / "calls.csv", index=False)
    frame = flat_training_frame(tmp_path / "calls.csv", name="calls", label="y")
    (finding,) = suspects(frame, make_splits(frame, seed=0), seed=0)
    assert {finding.column, *("a", "b")} == {"a", "b"}
    assert (
        "(and a, which say the same)" in finding.message or "(and b, which say the same)" in finding.message
    )


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data is not on this machine")
@pytest.mark.parametrize(
    ("file", "label", "left_out"),
    [
        ("bank_additional/bank-additional-full.csv.gz", "y", ("duration",)),
        ("telco_churn/telco_churn.csv", "Churn", ("customerID",)),
        ("german_credit/germancredit_labelled.csv", "creditability", ()),
        ("taiwan_default/UCI_Credit_Card.csv.gz", "default.payment.next.month", ("ID",)),
    ],
)
def test_honest_tables_are_left_in_peace(file: str, label: str, left_out: tuple[str, ...]) -> None:
    frame = flat_training_frame(SHARED / file, name="t", label=label, known_after_event=left_out)
    assert found(frame) == []


def test_a_single_dominant_column_of_a_middling_model_warns_and_an_answer_clears_it() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(6000, 4)), columns=list("abcd"))
    odds = 2.0 * rows["a"] + 0.5 * rows["b"] - 1
    frame = TrainingFrame(
        "t",
        "churn",
        rows.assign(label=(rng.random(6000) < 1 / (1 + np.exp(-odds))).astype(np.int8)),
        tuple("abcd"),
        event_class="left",
        other_class="stayed",
    )
    assert ("WB-D24", "warn", "a") in found(frame)
    assert found(frame, known_before=("a",)) == []


def test_an_answer_about_a_column_that_is_not_there_says_so() -> None:
    rows = pd.DataFrame({"amount": np.arange(100.0), "label": np.tile([0, 1], 50).astype(np.int8)})
    frame = TrainingFrame("t", "churn", rows, ("amount",))
    with pytest.raises(DataError, match=r"WB-D25.*'amont'.*amount"):
        found(frame, known_before=("amont",))


def test_too_few_events_are_no_evidence() -> None:
    rng = np.random.default_rng(0)
    label = np.zeros(5000, dtype=np.int8)
    label[:60] = 1
    rows = pd.DataFrame({"x": label + rng.normal(size=5000), "z": rng.normal(size=5000)}).assign(label=label)
    assert found(TrainingFrame("t", "churn", rows, ("x", "z"))) == []
