"""Columns that know the answer are found by what they say, never by what they are called."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from workbench.dataset.flat import flat_training_frame
from workbench.dataset.frame import TrainingFrame
from workbench.dataset.leakage import column_strengths, leakage_findings

N = 4000
SHARED = Path(__file__).parents[3] / "shared" / "data"


def frame_of(label: np.ndarray, **columns: Any) -> TrainingFrame:
    rows = pd.DataFrame(columns).assign(label=label.astype(np.int8))
    return TrainingFrame("t", "churn", rows, tuple(columns), event_class="left", other_class="stayed")


def draw(seed: int = 0, rate: float = 0.2) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng, (rng.random(N) < rate).astype(int)


def found(frame: TrainingFrame) -> list[tuple[str, str, str]]:
    return [(f.code, f.severity, f.column) for f in leakage_findings(frame)]


def test_noise_of_any_kind_is_no_leak() -> None:
    rng, label = draw()
    frame = frame_of(
        label,
        number=rng.normal(size=N),
        count=rng.integers(0, 4, N),
        level=rng.choice(list("abc"), N),
        many=rng.integers(0, 1500, N).astype(str),
        sparse=np.where(rng.random(N) < 0.9, np.nan, rng.normal(size=N)),
        day=pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, N), unit="D"),
    )
    assert leakage_findings(frame) == ()
    assert all(s.auc < 0.56 for s in column_strengths(frame))


@pytest.mark.parametrize("turned", [1, -1])
def test_a_copy_of_the_label_stops(turned: int) -> None:
    rng, label = draw()
    frame = frame_of(label, copy=turned * label.astype(float), x=rng.normal(size=N))
    assert found(frame) == [("WB-D21", "stop", "copy")]
    message = leakage_findings(frame)[0].message
    assert message.startswith("Column 'copy' alone predicts the label almost perfectly (AUC 1.000;")


def test_a_copy_in_words_or_hidden_in_the_middle_of_a_range_stops() -> None:
    rng, label = draw()
    middle = np.where(label == 1, rng.uniform(4, 5, N), np.where(rng.random(N) < 0.5, 1.0, 9.0))
    reason = np.where(label == 1, rng.choice(["moved", "price", "died"], N), "active")
    frame = frame_of(label, middle=middle, reason=reason)
    assert sorted(found(frame)) == [("WB-D21", "stop", "middle"), ("WB-D21", "stop", "reason")]


def test_a_very_strong_column_warns() -> None:
    rng, label = draw()
    frame = frame_of(label, strong=label * 1.8 + rng.normal(size=N), fair=label * 0.9 + rng.normal(size=N))
    assert found(frame) == [("WB-D22", "warn", "strong")]


@pytest.mark.parametrize(("share", "severity", "of_all"), [(0.7, "stop", "70%"), (0.3, "warn", "30%")])
def test_a_column_filled_only_after_the_event_is_found_by_its_gaps(
    share: float, severity: str, of_all: str
) -> None:
    rng, label = draw()
    events = np.flatnonzero(label)
    closed = pd.Series(pd.NaT, index=range(N), dtype="datetime64[us]")
    closed.iloc[events[: int(share * len(events))]] = pd.Timestamp("2024-06-01")
    frame = frame_of(label, closed=closed, x=rng.normal(size=N))
    assert found(frame) == [("WB-D23", severity, "closed")]
    assert leakage_findings(frame)[0].message == (
        f"Where column 'closed' has a value, 100.0% of the rows are 'left', and {of_all} of all 'left' rows lie there."
    )


def test_pure_parts_are_named() -> None:
    rng, label = draw()
    some = (label == 1) & (rng.random(N) < 0.3)
    frame = frame_of(
        label,
        status=np.where(some, "terminated", rng.choice(["open", "paused"], N)),
        fee=np.where(some, rng.uniform(50, 90, N).round(2), 0.0),
        asked=np.where(some, np.nan, rng.normal(size=N)),
        refund=np.where(some, -10.0, rng.integers(0, 5, N)),
    )
    parts = {f.column: f.message.split(", 100.0%")[0] for f in leakage_findings(frame)}
    assert parts == {
        "status": "Where column 'status' is 'terminated'",
        "fee": "Where column 'fee' lies above 0",
        "asked": "Where column 'asked' is missing",
        "refund": "Where column 'refund' is at most -10",
    }


def test_where_events_are_the_rule_the_other_outcome_is_looked_for() -> None:
    rng, label = draw(rate=0.8)
    saved = (label == 0) & (rng.random(N) < 0.6)
    findings = leakage_findings(frame_of(label, saved=np.where(saved, "yes", None)))
    assert [f.severity for f in findings] == ["stop"]
    assert "100.0% of the rows are 'stayed'" in findings[0].message


def test_a_column_that_a_person_vouches_for_is_trusted() -> None:
    _, label = draw()
    assert leakage_findings(frame_of(label, dpd=label * 90.0), known_before=("dpd",)) == ()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=10, max_size=80))
def test_strength_of_a_number_is_its_auc(rows: list[tuple[int, bool]]) -> None:
    """Against scikit-learn; the honest figure of its bins may be higher, where the relation is not monotone."""
    values, label = np.array([r[0] for r in rows], float), np.array([r[1] for r in rows])
    if label.all() or not label.any():
        return
    oracle = roc_auc_score(label, values)
    assert column_strengths(frame_of(label, v=values))[0].auc >= max(oracle, 1 - oracle) - 1e-6


def test_missing_values_go_to_the_end_that_fits() -> None:
    label = np.array([1] * 50 + [0] * 50)
    values = np.r_[np.full(50, np.nan), np.arange(50.0)]
    assert column_strengths(frame_of(label, v=values))[0].auc == 1.0


def test_the_same_seed_gives_the_same_findings() -> None:
    rng, label = draw()
    frame = frame_of(label, a=rng.normal(size=N), b=rng.choice(list("abcdef"), N))
    assert column_strengths(frame, seed=3) == column_strengths(frame, seed=3)


def test_a_large_table_takes_less_than_a_second() -> None:
    rng = np.random.default_rng(0)
    label = (rng.random(150_000) < 0.07).astype(int)
    columns: dict[str, Any] = {f"n{i}": rng.normal(size=150_000) for i in range(10)}
    frame = frame_of(label, **columns, c=rng.choice(list("abc"), 150_000), d=rng.choice(list("xyz"), 150_000))
    began = process_time()
    leakage_findings(frame)
    assert process_time() - began < 1.0


def test_what_follows_the_visit_is_found_in_real_data() -> None:
    """Hillstrom: who buys has visited, so conversion and spend give the visit away; nothing else does."""
    path = SHARED / "hillstrom" / "hillstrom.csv.gz"
    if not path.exists():
        pytest.skip("the shared data folder has no hillstrom beside this project")
    frame = flat_training_frame(path, label="visit", name="m")
    assert sorted(f.column for f in leakage_findings(frame)) == ["conversion", "spend"]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("german_credit/germancredit_labelled.csv", "creditability"),
        ("telco_churn/telco_churn.csv", "Churn"),
        ("taiwan_default/UCI_Credit_Card.csv.gz", "default.payment.next.month"),
    ],
)
def test_honest_real_tables_raise_no_alarm(path: str, label: str) -> None:
    if not (SHARED / path).exists():
        pytest.skip(f"the shared data folder has no {path} beside this project")
    assert leakage_findings(flat_training_frame(SHARED / path, label=label, name="m")) == ()
