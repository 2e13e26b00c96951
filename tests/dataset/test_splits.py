"""The split: nothing is judged on what it learned from, and time runs forward."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.frame import CUTOFF, LABEL, OUTCOME_KNOWN, TrainingFrame
from workbench.dataset.splits import Splits, cross_validation, fold_count, grouped_folds, make_splits
from workbench.errors import DataError


def dated(months: int = 12, customers: int = 200, window_days: int = 30, rate: float = 0.2) -> TrainingFrame:
    """Every customer once a month; the outcome is known `window_days` after the cutoff."""
    rng = np.random.default_rng(0)
    cutoffs = pd.date_range("2017-01-01", periods=months, freq="MS")
    n = months * customers
    times = np.repeat(cutoffs.to_numpy(), customers)
    rows = pd.DataFrame(
        {
            "customer": np.tile(np.arange(customers), months),
            CUTOFF: times,
            OUTCOME_KNOWN: times + np.timedelta64(window_days, "D"),
            LABEL: (rng.random(n) < rate).astype(np.int8),
            "x": rng.normal(size=n),
        }
    )
    return TrainingFrame("d/l", "churn", rows, ("x",), ("customer",), entity="customer", time=CUTOFF)


def flat(n: int = 1000, rate: float = 0.3, customers: int | None = None) -> TrainingFrame:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({LABEL: (rng.random(n) < rate).astype(np.int8), "x": rng.normal(size=n)})
    if customers is None:
        return TrainingFrame("flat", "risk", rows, ("x",))
    rows["customer"] = rng.integers(0, customers, n)
    return TrainingFrame("flat", "risk", rows, ("x",), ("customer",), entity="customer")


def assert_lawful(frame: TrainingFrame, splits: Splits) -> None:
    assert not (splits.holdout & splits.train).any()
    for train, valid in splits.folds:
        assert not set(train) & set(valid)
        assert splits.train[train].all() and splits.train[valid].all()
    for (train, _), (inner, _) in zip(splits.folds, splits.folds_within_train(), strict=True):
        assert np.array_equal(np.flatnonzero(splits.train)[inner], train)


def test_dated_rows_are_judged_out_of_time() -> None:
    frame = dated()
    splits = make_splits(frame, seed=0)
    rows = frame.rows
    assert splits.kind == "out_of_time"
    assert (rows.loc[splits.holdout, CUTOFF] >= splits.test_from).all()
    assert (rows.loc[splits.train, OUTCOME_KNOWN] < splits.test_from).all()
    assert splits.purged == (~splits.holdout & ~splits.train).sum() > 0
    events = rows[LABEL].to_numpy()
    assert 0.15 < events[splits.holdout].sum() / events.sum() < 0.3
    assert_lawful(frame, splits)


def test_a_row_known_exactly_at_the_first_test_cutoff_does_not_teach() -> None:
    frame = dated(window_days=31)  # January's outcomes are known on 1 February
    splits = make_splits(frame, seed=0, test_from=pd.Timestamp("2017-09-01"))
    july = (frame.rows[CUTOFF] == "2017-07-01") & (frame.rows[OUTCOME_KNOWN] < "2017-09-01")
    august = frame.rows[CUTOFF] == "2017-08-01"  # known on 1 September
    assert splits.train[july].all()
    assert not splits.train[august].any()


def test_few_events_move_the_test_date_back() -> None:
    frame = dated(months=24, customers=200, rate=0.06)
    splits = make_splits(frame, seed=0)
    assert frame.rows.loc[splits.holdout, LABEL].sum() >= 50


def test_folds_inside_never_part_a_customer() -> None:
    frame = dated()
    splits = make_splits(frame, seed=0)
    who = frame.rows["customer"].to_numpy()
    assert all(not set(who[a]) & set(who[b]) for a, b in splits.folds)


@pytest.mark.parametrize("inner", ["forward", "times"])
def test_other_inner_folds_are_lawful(inner) -> None:
    frame = dated()
    splits = make_splits(frame, seed=0, inner=inner)
    assert len(splits.folds) >= 2
    assert_lawful(frame, splits)
    times, known = frame.rows[CUTOFF].to_numpy(), frame.rows[OUTCOME_KNOWN].to_numpy()
    for train, valid in splits.folds:
        if inner == "forward":
            assert known[train].max() < times[valid].min()
        else:
            assert not set(times[train]) & set(times[valid])


def test_dates_without_room_fall_back_to_a_random_hold_out_and_say_so() -> None:
    frame = dated(months=1)
    splits = make_splits(frame, seed=0)
    assert splits.kind == "random"
    assert "The dates cover too little" in splits.sentence.en


def test_an_impossible_test_date_is_refused() -> None:
    with pytest.raises(DataError, match="WB-D40: The rows on or after 2030-01-01 number 0 with 0 events"):
        make_splits(dated(), seed=0, test_from="2030-01-01")


def test_flat_rows_are_held_out_in_the_events_proportion() -> None:
    frame = flat()
    splits = make_splits(frame, seed=3)
    y = frame.rows[LABEL].to_numpy()
    assert splits.kind == "random"
    assert splits.holdout.sum() == pytest.approx(200, abs=2)
    assert y[splits.holdout].mean() == pytest.approx(y.mean(), abs=0.005)
    assert_lawful(frame, splits)
    assert "200 rows" in splits.sentence.en or "201 rows" in splits.sentence.en


def test_repeating_customers_are_never_parted() -> None:
    frame = flat(customers=300)
    splits = make_splits(frame, seed=0)
    who = frame.rows["customer"].to_numpy()
    assert splits.kind == "grouped"
    assert not set(who[splits.holdout]) & set(who[splits.train])
    assert all(not set(who[a]) & set(who[b]) for a, b in splits.folds)


def test_the_seed_decides_and_nothing_else() -> None:
    frame = flat()
    one, two, other = (make_splits(frame, seed=s) for s in (1, 1, 2))
    assert np.array_equal(one.holdout, two.holdout)
    assert not np.array_equal(one.holdout, other.holdout)


def test_the_folds_hold_every_row_out_once() -> None:
    y = (np.arange(1000) % 4 == 0).astype(int)
    folds = cross_validation(y, None, seed=0)
    assert len(folds) == fold_count(1000)
    times = np.zeros(1000)
    for _, valid in folds:
        times[valid] += 1
    assert (times == 1).all()


def test_rare_events_lower_the_number_of_folds() -> None:
    y = np.array([1, 1, 1] + [0] * 97)
    folds = grouped_folds(y, np.arange(100), 8, seed=0)
    assert len(folds) == 3
    assert all(y[valid].sum() == 1 for _, valid in folds)


def test_a_large_table_holds_one_fold_out() -> None:
    y = (np.arange(400_000) % 10 == 0).astype(int)
    folds = cross_validation(y, None, seed=0)
    assert [len(valid) for _, valid in folds] == [80_000]
