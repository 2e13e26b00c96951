"""What is asked of a search beyond the rows: weights that count like rows, and directions that every family keeps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.search.test_search import searched, three_folds
from workbench.errors import UsageError
from workbench.search.budget import Deadline
from workbench.search.encoder import Encoder
from workbench.search.fitting import Fitter, Job
from workbench.search.learners import LEARNERS, Config
from workbench.search.portfolio import PORTFOLIO
from workbench.search.search import search
from workbench.search.spec import SearchSpec

FAMILIES = [next(c for c in PORTFOLIO if c.family == family) for family in LEARNERS]


def bent(rows: int = 1_500, seed: int = 5) -> tuple[pd.DataFrame, np.ndarray]:
    """An outcome that rises with `a` and falls again, with gaps in `a`, a level and noise."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    level = rng.choice(["x", "y", "z"], rows)
    z = 1.5 * a - 1.6 * np.maximum(a, 0.3) ** 2 + 0.7 * b + 0.8 * (level == "x")
    y = (rng.random(rows) < 1 / (1 + np.exp(-z))).astype(float)
    return pd.DataFrame({"a": np.where(rng.random(rows) < 0.1, np.nan, a), "b": b, "level": level}), y


def along(model, encoder: Encoder, X: pd.DataFrame, column: str) -> np.ndarray:
    """Log-odds of forty rows while one column walks from below its smallest to above its largest value."""
    walk = np.linspace(X[column].min() - 1, X[column].max() + 1, 60)
    rows = [model.log_odds(encoder.transform(X.iloc[:40].assign(**{column: value}))) for value in walk]
    return np.stack(rows, axis=1)


@pytest.mark.parametrize("config", FAMILIES, ids=lambda c: c.family)
@pytest.mark.parametrize("direction", [1, -1])
def test_every_family_keeps_a_direction(config: Config, direction: int) -> None:
    X, y = bent()
    encoder = Encoder.fit(X)
    folds = three_folds(y)

    def steps(directions: dict[int, int]) -> np.ndarray:
        fitter = Fitter(encoder.transform(X), y, folds, seed=0, directions=directions)
        made = fitter.fit(
            Job(config.with_params(**_fewer(config)), 0, config.params | _fewer(config)), Deadline.after(None)
        )
        return direction * np.diff(along(made.model, encoder, X, "a"), axis=1)

    assert steps({0: direction}).min() >= -1e-6  # float32 in two libraries
    assert steps({}).min() < -0.01, "the table bends: without the wish the score would turn"


def _fewer(config: Config) -> dict[str, int]:
    return {"rounds": 200} if "rounds" in config.params else {}


def test_the_blend_keeps_a_direction() -> None:
    X, y = bent()
    spec = SearchSpec(trials=5)
    found = search(X, y, folds=three_folds(y), spec=spec, deadline=Deadline.after(None), directions={"a": 1})
    walked = along(_Blend(found.model), _Same(), X, "a")
    assert np.diff(walked, axis=1).min() >= -1e-6
    assert np.ptp(walked, axis=1).min() > 0.1


class _Same:
    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        return X


class _Blend:
    def __init__(self, model) -> None:
        self.log_odds = model.log_odds


@pytest.mark.parametrize("config", FAMILIES, ids=lambda c: c.family)
def test_a_weight_of_three_moves_the_base_rate_as_three_rows_would(config: Config) -> None:
    X, y = bent(3_000)
    encoder = Encoder.fit(X)
    data, folds = encoder.transform(X), three_folds(y)
    weights = np.where(y == 1, 3.0, 1.0)
    job = Job(config, 0, config.params | _fewer(config))
    plain = Fitter(data, y, folds, seed=0).fit(job, Deadline.after(None))
    heavy = Fitter(data, y, folds, seed=0, weights=weights / weights.mean()).fit(job, Deadline.after(None))
    moved = heavy.log_odds - plain.log_odds
    assert abs(moved.mean() - np.log(3)) < 0.15  # prior shift: log of the ratio of the events' weights


def test_weights_are_those_of_repeated_rows_for_the_regression() -> None:
    X, y = bent(600)
    X = X.fillna({"a": 0.0})
    times = np.random.default_rng(2).integers(1, 4, len(y))
    config = Config("logistic", {"strength": 1e6, "hinges": 0})
    every = np.arange(len(y))
    encoder = Encoder.fit(X)
    weighted = Fitter(encoder.transform(X), y, [(every, every)], seed=0, weights=times.astype(float))
    again = np.repeat(every, times)
    repeated = Fitter(encoder.transform(X.iloc[again]), y[again], [(np.arange(len(again)), np.arange(len(again)))], seed=0)  # fmt: skip
    one = weighted.fit(Job(config, 0, config.params), Deadline.after(None)).log_odds
    other = repeated.fit(Job(config, 0, config.params), Deadline.after(None)).log_odds
    # both fit the same likelihood; normal quantiles of repeated rows differ a little
    assert np.abs(one[again] - other).max() < 0.25
    assert np.corrcoef(one[again], other)[0, 1] > 0.999


def test_a_search_with_weights_is_calibrated_to_the_weighted_rate() -> None:
    X, y = bent(2_000)
    weights = np.where(y == 1, 0.2, 1.0)
    found = search(
        X, y, folds=three_folds(y), spec=SearchSpec(trials=3), deadline=Deadline.after(None), weights=weights
    )
    rate = np.average(1 / (1 + np.exp(-found.oof_log_odds)), weights=weights)
    assert rate == pytest.approx(np.average(y, weights=weights), abs=0.01)
    assert searched((X, y), trials=3).oof_log_odds.mean() > found.oof_log_odds.mean() + 1


@pytest.mark.parametrize(
    ("directions", "said"),
    [({"c": 1}, "no column 'c'"), ({"level": 1}, "holds levels"), ({"a": 2}, "1 or -1")],
)
def test_a_direction_that_cannot_be_kept_is_refused(directions: dict[str, int], said: str) -> None:
    X, y = bent(200)
    with pytest.raises(UsageError, match=said) as refused:
        search(X, y, folds=three_folds(y), spec=SearchSpec(trials=1), deadline=Deadline.after(None), directions=directions)  # fmt: skip
    assert refused.value.code == "WB-S13"
