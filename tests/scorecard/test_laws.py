"""What holds for every table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from workbench.scorecard import CardSpec, Outcome, build_scorecard, fit_bins, grade_bands
from workbench.scorecard.bins import Bins
from workbench.scorecard.decimals import shortest_between

ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(deadline=None, derandomize=True)
@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_readable_cut_separates_what_it_must(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    cut = shortest_between(low, high)
    assert cut == low if low == high else low <= cut < high


@settings(deadline=None, derandomize=True, max_examples=40)
@given(arrays.arrays(float, 120, elements=ANY_NUMBER), arrays.arrays(bool, 120))
def test_every_number_has_one_bin_and_bins_survive_json(values: np.ndarray, events: np.ndarray) -> None:
    events[:2] = [True, False]
    column = pd.Series(values, name="x")
    bins = fit_bins(column, Outcome.of(events), spec=CardSpec())
    number = bins.index(column)
    assert ((number >= 0) & (number < bins.size)).all()
    assert (number[np.isnan(values)] == bins.size - 1).all()
    assert np.isfinite(bins.woe).all()
    assert sum(bins.events) == events.sum()
    again = Bins.from_dict(json.loads(json.dumps(bins.as_dict())))
    assert again == bins
    assert (again.index(column) == number).all()


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=100, max_size=100), st.integers(0, 2**32 - 1)
)
def test_every_level_has_one_bin(levels: list[str | None], seed: int) -> None:
    events = np.random.default_rng(seed).random(100) < 0.4
    events[:2] = [True, False]
    column = pd.Series(levels, name="level", dtype="object")
    bins = fit_bins(column, Outcome.of(events), spec=CardSpec())
    number = bins.index(column)
    assert (number[column.isna().to_numpy()] == bins.size - 1).all()
    flat = [level for group in bins.groups for level in group]
    assert len(flat) == len(set(flat))
    assert bins.index(column.astype("category")).tolist() == number.tolist()


@settings(deadline=None, derandomize=True, max_examples=30)
@given(arrays.arrays(float, 300, elements=st.floats(0, 1)), st.integers(0, 2**32 - 1))
def test_grades_are_strictly_monotone_where_they_differ(p: np.ndarray, seed: int) -> None:
    y = np.random.default_rng(seed).random(300) < p
    for kind in ("risk", "response"):
        table = grade_bands(p, y, kind).table(p, y)
        rates = table["event_rate"].to_numpy()
        assert (table["n"] > 0).all()
        steps = np.diff(rates)
        assert (steps > 0).all() if kind == "risk" else (steps < 0).all()


@settings(deadline=None, derandomize=True, max_examples=6)
@given(st.integers(0, 2**32 - 1))
def test_points_in_chunks_are_points_in_whole(seed: int) -> None:
    draw = np.random.default_rng(seed)
    X = pd.DataFrame({"a": draw.normal(size=400), "b": draw.choice(list("xyz"), 400)})
    y = (draw.random(400) < 1 / (1 + np.exp(-2 * X["a"]))).astype(int).to_numpy()
    card = build_scorecard(X, y, kind="churn")
    parts = [card.points(X.iloc[at : at + 7]) for at in range(0, 400, 7)]
    assert (np.concatenate(parts) == card.points(X)).all()
