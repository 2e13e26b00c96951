"""A sample teaches, never judges; and what it teaches is right for all rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.sampling import Drawn, drawn
from workbench.dataset.splits import Splits, make_splits
from workbench.search.calibration import logistic_line


def frame_of(rows: int = 40_000, *, rate: float = -3.0, months: int = 12, seed: int = 3) -> TrainingFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    y = (rng.random(rows) < 1 / (1 + np.exp(-(rate + x)))).astype(np.int8)
    when = pd.Timestamp("2024-01-15") + pd.to_timedelta(30.4 * rng.integers(0, months, rows), unit="D")
    table = pd.DataFrame({"x": x, "when": when, "who": rng.integers(0, rows // 2, rows), LABEL: y})
    return TrainingFrame("t", "response", table, ("x",), ("who",), entity="who", time="when")


@pytest.fixture(scope="module")
def frame() -> TrainingFrame:
    return frame_of()


@pytest.fixture(scope="module")
def splits(frame: TrainingFrame) -> Splits:
    return make_splits(frame, seed=0)


@pytest.fixture(scope="module")
def draw(frame: TrainingFrame, splits: Splits) -> Drawn:
    found = drawn(frame, splits, 6_000, seed=0)
    assert found is not None
    return found


def test_a_table_that_fits_is_not_drawn_from(frame: TrainingFrame, splits: Splits) -> None:
    assert drawn(frame, splits, int(splits.train.sum()), seed=0) is None


def test_all_events_stay_and_the_hold_out_is_whole(frame: TrainingFrame, splits: Splits, draw: Drawn) -> None:
    y = frame.rows[LABEL].to_numpy()
    assert y[draw.splits.train].sum() == y[splits.train].sum()
    assert abs(int(draw.splits.train.sum()) - 6_000) < 12
    assert not (draw.splits.train & ~splits.train).any()
    assert np.array_equal(draw.splits.holdout, splits.holdout)


def test_every_month_keeps_its_share_of_the_others(frame: TrainingFrame, splits: Splits, draw: Drawn) -> None:
    others = frame.rows[LABEL].to_numpy() == 0
    month = pd.to_datetime(frame.rows["when"]).dt.strftime("%Y-%m")
    before, after = (month[mask & others].value_counts() for mask in (splits.train, draw.splits.train))
    share = (after / before).to_numpy()
    assert share.max() - share.min() < 2e-3


def test_weights_stand_for_all_the_rows(frame: TrainingFrame, splits: Splits, draw: Drawn) -> None:
    y = frame.rows[LABEL].to_numpy()
    assert draw.weights.sum() == pytest.approx(splits.train.sum(), rel=2e-3)
    inside = y[draw.splits.train]
    assert np.average(inside, weights=draw.weights) == pytest.approx(y[splits.train].mean(), rel=2e-3)
    plain = draw.plain(seed=0)
    assert inside[plain].mean() == pytest.approx(y[splits.train].mean(), abs=0.012)
    assert plain.sum() > 4_000


def test_the_shift_brings_learned_odds_back_to_those_of_the_table(frame: TrainingFrame, splits: Splits, draw: Drawn) -> None:  # fmt: skip
    x, y = frame.rows["x"].to_numpy(), frame.rows[LABEL].to_numpy().astype(float)
    learned = logistic_line(y[draw.splits.train], x[draw.splits.train])
    whole = logistic_line(y[splits.train], x[splits.train])
    assert learned.intercept + draw.shift == pytest.approx(whole.intercept, abs=0.06)
    assert learned.slope == pytest.approx(whole.slope, abs=0.06)
    assert abs(learned.intercept - whole.intercept) > 1  # without it, far off


def test_folds_are_made_anew_inside_the_sample_and_part_no_customer(
    frame: TrainingFrame, draw: Drawn
) -> None:
    who = frame.rows["who"].to_numpy()
    assert draw.splits.folds
    for train, valid in draw.splits.folds:
        assert draw.splits.train[train].all()
        assert draw.splits.train[valid].all()
        assert not set(who[train]) & set(who[valid])


def test_the_same_seed_draws_the_same_rows(frame: TrainingFrame, splits: Splits, draw: Drawn) -> None:
    again, other = (drawn(frame, splits, 6_000, seed=seed) for seed in (0, 1))
    assert again is not None and other is not None
    assert np.array_equal(again.splits.train, draw.splits.train)
    assert not np.array_equal(other.splits.train, draw.splits.train)


@pytest.mark.parametrize(("rate", "said"), [(-3.0, "all 2,"), (0.0, "rows with"), (3.0, "non-events and")])
def test_it_is_said_what_was_drawn(rate: float, said: str) -> None:
    frame = frame_of(rate=rate)
    splits = make_splits(frame, seed=0)
    draw = drawn(frame, splits, 6_000, seed=0)
    assert draw is not None
    assert said in draw.sentence.en
    y = frame.rows[LABEL].to_numpy()
    learned = logistic_line(y[draw.splits.train].astype(float), frame.rows["x"].to_numpy()[draw.splits.train])
    assert learned.intercept + draw.shift == pytest.approx(rate, abs=0.12)
