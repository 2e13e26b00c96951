"""Selection: every column that goes has a reason, found on training rows only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.frame import TrainingFrame
from workbench.dataset.selected import selected_text
from workbench.dataset.selection import Dropped, SelectionSpec, select_features
from workbench.features.files import parse_features
from workbench.tables.yaml_file import read_yaml

ROWS = 4000


def frame(*, judge_from: str | None = None, **more: np.ndarray) -> TrainingFrame:
    """Ten monthly cutoffs; `good` says something about the outcome, `noise` nothing."""
    rng = np.random.default_rng(1)
    month = np.arange(ROWS) % 10
    good = rng.normal(size=ROWS)
    label = (good + rng.normal(size=ROWS) * 2 > 1.5).astype("int8")
    times = pd.to_datetime("2025-01-01") + pd.to_timedelta(month * 30, "D")
    columns = {"good": good, "noise": rng.normal(size=ROWS)}
    columns |= {k: (v(label, month, good) if callable(v) else v) for k, v in more.items()}
    rows = pd.DataFrame(columns)
    rows = rows.assign(
        customer=np.arange(ROWS) // 10,
        cutoff_time=times,
        outcome_known_at=times + pd.Timedelta(30, "D"),
        label=label,
    )
    return TrainingFrame(
        "shop/buys", "churn", rows, tuple(columns), ("customer",), "customer", "cutoff_time",
        judge_from=None if judge_from is None else pd.Timestamp(judge_from).date(),
    )  # fmt: skip


def dropped(found: TrainingFrame, **spec: float) -> dict[str, tuple[str, str | None]]:
    selection = select_features(found, SelectionSpec(**spec))  # ty: ignore[invalid-argument-type]
    return {d.column: (d.reason, d.other) for d in selection.dropped}


def test_honest_columns_are_kept() -> None:
    selection = select_features(frame(town=np.array(["a", "b", "c", "d"] * (ROWS // 4))))
    assert selection.kept == ("good", "noise", "town")
    assert selection.dropped == ()


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=ROWS)


@pytest.mark.parametrize(
    ("column", "reason", "other"),
    [
        (np.full(ROWS, np.nan), "empty", None),
        (np.full(ROWS, None, dtype=object), "empty", None),
        (np.where(np.arange(ROWS) == 7, 1.0, np.nan), "empty", None),
        (np.full(ROWS, 3.0), "constant", None),
        (np.full(ROWS, "x", dtype=object), "constant", None),
        (lambda label, month, good: good.copy(), "duplicate", "good"),
        (lambda label, month, good: -2 * good + 5, "redundant", "good"),
        (lambda label, month, good: np.exp(good), "redundant", "good"),
        (lambda label, month, good: label + noise(3) * 0.1, "leaky", None),
        (lambda label, month, good: noise(4) + month, "unstable", None),
        (lambda label, month, good: np.where(month < 4, "old", "new").astype(object), "unstable", None),
        (lambda label, month, good: np.where(month < 3, 1, -1) * (label - 0.25) * 0.7 + noise(5), "flips", None),
    ],
)  # fmt: skip
def test_a_column_goes_for_this_reason(column: object, reason: str, other: str | None) -> None:
    assert dropped(frame(new=column)) == {"new": (reason, other)}  # ty: ignore[invalid-argument-type]


def test_of_two_that_rank_alike_the_stronger_stays() -> None:
    """`blurred` stands first in the file, and says a little less."""
    found = frame(a_blurred=lambda label, month, good: good + noise(6) * 0.15)
    ahead = TrainingFrame(**{**found.__dict__, "features": ("a_blurred", "noise", "good")})
    assert dropped(ahead) == {"a_blurred": ("redundant", "good")}
    assert dropped(ahead, correlation=0.999) == {}


def test_a_renamed_copy_of_a_text_is_a_duplicate() -> None:
    towns = np.array(["a", "b", None, "c"] * (ROWS // 4), dtype=object)
    renamed = np.array(["Ulm", "Bonn", None, "Köln"] * (ROWS // 4), dtype=object)
    assert dropped(frame(town=towns, city=renamed)) == {"city": ("duplicate", "town")}


def test_equal_where_filled_but_missing_elsewhere_is_no_duplicate() -> None:
    holes = lambda label, month, good: np.where(np.arange(ROWS) % 2 == 0, good, np.nan)  # noqa: E731
    assert dropped(frame(holes=holes)) == {}


def test_nothing_of_the_hold_out_is_looked_at() -> None:
    """The column repeats the answer, but only in the months that judge."""
    late = lambda label, month, good: np.where(month >= 7, label, noise(8))  # noqa: E731
    judged = "2025-07-30"  # the eighth cutoff
    found = select_features(frame(late=late, judge_from=judged))
    assert found.dropped == ()
    assert found.period is not None
    assert found.period[1] < judged
    assert found.rows < 0.7 * ROWS
    changed = select_features(
        frame(late=lambda label, month, good: np.where(month >= 7, 1e9, noise(8)), judge_from=judged)
    )
    assert changed == found


def test_a_selection_is_the_same_every_time_and_a_second_one_drops_nothing() -> None:
    found = frame(twin=lambda label, month, good: good * 3, other=noise(9), same=np.full(ROWS, 1.0))
    first = select_features(found)
    assert first == select_features(found)
    again = TrainingFrame(**{**found.__dict__, "features": first.kept})
    assert select_features(again).dropped == ()


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    for reason in ("empty", "constant", "duplicate", "leaky", "unstable", "flips", "redundant"):
        said = Dropped("x", reason, "spend", 0.5).sentence
        assert said.en
        assert any("\u4e00" <= c <= "\u9fff" for c in said.zh)


FEATURES = """\
# how much
spend:          # the till's word
  from: orders
  value: amount
  aggregate: [sum, mean]
  windows: [30d, 90d]

# how often
visits: {from: orders, aggregate: count, windows: [30d]}
rate: {ratio: [spend_sum_30d, visits_count_30d]}
gone: {formula: "spend_mean_90d + 1"}
"""


def test_the_written_file_keeps_comments_and_says_why_something_went(tmp_path) -> None:
    path = tmp_path / "features.yaml"
    path.write_text(FEATURES, encoding="utf-8")
    names = (
        "spend_sum_30d",
        "spend_mean_30d",
        "spend_mean_90d",
        "spend_sum_90d",
        "visits_count_30d",
        "rate",
        "gone",
    )
    gone = {"spend_mean_30d", "spend_mean_90d", "visits_count_30d", "gone"}
    selection = select_features(frame())
    selection = type(selection)(
        tuple(n for n in names if n not in gone),
        tuple(Dropped(n, "constant", None, 1.0) for n in names if n in gone),
        100,
    )
    text = selected_text(read_yaml(path), FEATURES, "shop/buys", selection)
    assert "# how much" in text
    assert "# how often" in text
    assert "# dropped: spend_mean_30d - the same value in 100.00% of the rows" in text
    assert "# still made, because a kept formula reads it: visits_count_30d" in text
    assert '# gone: {formula: "spend_mean_90d + 1"}' in text
    path.write_text(text, encoding="utf-8")
    left = parse_features(read_yaml(path))
    assert [c.name for f in left.values() for c in f.columns()] == [
        "spend_sum_30d", "spend_sum_90d", "visits_count_30d", "rate",
    ]  # fmt: skip
