"""Every family keeps the same contract: fit, log-odds, additive contributions, native files, slots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.search.conftest import mixed_table
from workbench.search.budget import Deadline, Slot
from workbench.search.calibration import log_loss
from workbench.search.encoder import Encoder
from workbench.search.fitting import Fitter, Job
from workbench.search.leaderboard import rank_auc
from workbench.search.learners import LEARNERS, Config, FitTask
from workbench.search.portfolio import PORTFOLIO

TOLERANCE = {"xgboost": 1e-4, "catboost": 1e-4}  # these libraries work in float32
FIRST = {family: next(c for c in PORTFOLIO if c.family == family) for family in LEARNERS}


def task_for(
    config: Config, *, slot_seconds: float | None = None, rounds: int = 60, threads: int = 1
) -> FitTask:
    X, y = mixed_table()
    data = Encoder.fit(X).transform(X)
    train, valid = np.arange(0, 400), np.arange(400, 600)
    params = {**config.params} | ({"rounds": rounds} if "rounds" in config.params else {})
    return FitTask(
        data.take(train),
        y[train].astype(float),
        data.take(valid),
        y[valid].astype(float),
        params,
        seed=0,
        threads=threads,
        slot=Slot(Deadline.after(None), slot_seconds),
    )


class LearnerContract:
    """Inherited once per family; a new family adds three lines at the end of this file."""

    family: str

    @pytest.fixture(scope="class")
    @classmethod
    def task(cls) -> FitTask:
        return task_for(FIRST[cls.family])

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, task):
        return LEARNERS[cls.family].fit(task)

    def test_learns_something(self, fitted, task) -> None:
        scores = fitted.log_odds(task.valid)
        assert scores.shape == (200,)
        assert scores.dtype == np.float64
        assert rank_auc(task.y_valid, scores) > 0.7

    def test_contributions_sum_to_log_odds(self, fitted, task) -> None:
        shares = fitted.contributions(task.valid)
        assert shares.shape == (200, task.valid.width + 1)
        gap = np.abs(shares.sum(axis=1) - fitted.log_odds(task.valid)).max()
        assert gap < TOLERANCE.get(self.family, 1e-6)

    def test_inactive_columns_contribute_nothing(self, fitted, task) -> None:
        silent = [j for j in range(task.valid.width) if j not in task.valid.active]
        assert silent
        assert not fitted.contributions(task.valid)[:, silent].any()

    def test_a_column_matters_only_through_its_own_contribution(self, fitted, task) -> None:
        """Base is one number for all rows, and the strongest column's shares vary."""
        shares = fitted.contributions(task.valid)
        assert np.ptp(shares[:, -1]) < 1e-6
        assert shares[:, task.valid.names.index("ratio")].std() > 0.05

    def test_saved_and_loaded_predictions_are_bit_equal(self, fitted, task, tmp_path) -> None:
        fitted.save(tmp_path)
        again = LEARNERS[self.family].load(tmp_path)
        assert np.array_equal(again.log_odds(task.valid), fitted.log_odds(task.valid))
        assert np.array_equal(again.contributions(task.valid), fitted.contributions(task.valid))
        assert again.n_trees == fitted.n_trees

    def test_fits_repeat_exactly(self, fitted, task) -> None:
        again = LEARNERS[self.family].fit(task)
        assert np.array_equal(again.log_odds(task.valid), fitted.log_odds(task.valid))

    def test_a_row_scores_the_same_alone(self, fitted, task) -> None:
        whole = fitted.log_odds(task.valid)
        alone = [fitted.log_odds(task.valid.take(np.array([i])))[0] for i in range(5)]
        assert np.array_equal(whole[:5], alone)

    def test_an_exhausted_slot_still_leaves_a_model(self) -> None:
        task = task_for(FIRST[self.family], slot_seconds=0.0, rounds=5000)
        model = LEARNERS[self.family].fit(task)
        assert model.n_trees < 200
        assert np.isfinite(model.log_odds(task.valid)).all()

    def test_other_and_missing_levels_are_scored(self, fitted, task) -> None:
        values = task.valid.values.copy()
        for j in task.valid.sizes:
            values[::2, j], values[1::2, j] = 0, 1
        other = type(task.valid)(values, task.valid.active, task.valid.sizes, task.valid.names)
        assert np.isfinite(fitted.log_odds(other)).all()


class TestLightGBM(LearnerContract):
    family = "lightgbm"


class TestCatBoost(LearnerContract):
    family = "catboost"


class TestXGBoost(LearnerContract):
    family = "xgboost"


class TestLogistic(LearnerContract):
    family = "logistic"


def test_every_family_is_under_contract() -> None:
    under = {c.family for c in LearnerContract.__subclasses__()}
    assert under == set(LEARNERS)


def test_the_regression_stops_its_path_where_held_out_rows_no_longer_gain() -> None:
    """Few rows and many idle columns: hardly any weight is right, and the path finds that out."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 60)), columns=[f"x{i}" for i in range(60)])
    y = (rng.random(400) < 1 / (1 + np.exp(-X["x0"]))).astype(float).to_numpy()
    data = Encoder.fit(X).transform(X)
    rows = np.arange(400)
    fitter = Fitter(data, y, [(rows[:250], rows[250:])], seed=0)

    def loss(**params: object) -> float:
        made = fitter.fit(Job(Config("logistic", params), 0, params), Deadline.after(None))
        return log_loss(y[250:], made.log_odds)

    along = loss(strength=1.0, hinges=3, path=True)
    assert along < loss(strength=1.0, hinges=3) - 0.2
    assert along < loss(strength=1e-4, hinges=3)
    fixed = [loss(strength=s, hinges=3) for s in (1e-3, 3e-3, 0.01, 0.03, 0.1)]
    assert along == pytest.approx(min(fixed), abs=2e-3)
