"""AutoModel keeps scikit-learn's contract and ours."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import workbench
from workbench import AutoModel

EXPECTED_FAILURES: dict[str, str] = {
    "check_sample_weight_equivalence_on_dense_data": "a repeated row may lie on both sides of a fold, and bins count rows",
}


@parametrize_with_checks([AutoModel(trials=2, threads=1)], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_automodel_is_a_scikit_learn_classifier(estimator, check) -> None:
    check(estimator)


def customers(n: int = 240, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, n).astype(float),
            "city": rng.choice(["北京", "Paris", "Oslo"], n),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "active": rng.random(n) < 0.5,
        }
    )
    X.loc[::17, "age"] = np.nan
    X.loc[::23, "city"] = None
    score = 0.06 * (X["age"].fillna(50) - 50) + 1.5 * (X["city"] == "Oslo") + X["active"] - 1
    return X, rng.random(n) < 1 / (1 + np.exp(-score.to_numpy()))


def test_mixed_types_and_any_two_labels_work() -> None:
    X, event = customers()
    y = np.where(event, "是", "否")
    model = AutoModel(trials=2, threads=1).fit(X, y)
    assert model.event_ == "是"
    proba = model.predict_proba(X)
    assert proba.shape == (len(X), 2)
    assert np.allclose(proba.sum(axis=1), 1)
    at = list(model.classes_).index("是")
    assert proba[event, at].mean() > proba[~event, at].mean() + 0.1
    assert set(model.predict(X)) <= {"是", "否"}


def test_explanations_sum_to_the_log_odds_of_the_event() -> None:
    X, event = customers()
    y = np.where(event, "bad", "good")  # the event is classes_[0] here
    model = AutoModel(trials=3, threads=1).fit(X, y)
    shares = model.explain(X)
    assert list(shares.columns) == [*X.columns, "(base)"]
    p = model.predict_proba(X)[:, 0]
    assert np.allclose(shares.sum(axis=1), np.log(p / (1 - p)), atol=1e-4)


def test_the_rarer_class_is_the_event_unless_named() -> None:
    X, event = customers()
    y = np.where(event, "left", "stayed")
    rarer = "left" if event.sum() <= (~event).sum() else "stayed"
    assert AutoModel(trials=1, threads=1).fit(X, y).event_ == rarer
    assert AutoModel(trials=1, threads=1, positive="stayed").fit(X, y).event_ == "stayed"
    with pytest.raises(ValueError, match="`positive` must be one of"):
        AutoModel(trials=1, positive="gone").fit(X, y)


def test_trials_repeat_exactly() -> None:
    X, y = customers()
    one, two = (AutoModel(trials=4, seed=7, threads=t).fit(X, y) for t in (1, 2))
    assert np.array_equal(one.predict_proba(X), two.predict_proba(X))
    assert one.n_trials_ == 4
    assert list(one.leaderboard_["auc"]) == list(two.leaderboard_["auc"])


def test_scorecard_is_made_on_first_use() -> None:
    X, y = customers(600)
    card = AutoModel(trials=1, threads=1, kind="risk").fit(X, y).scorecard_
    assert card.points(X).shape == (600,)


def test_importing_the_workbench_loads_no_vendor_library() -> None:
    code = "import sys, workbench; print([m for m in ('sklearn', 'pandas', 'lightgbm') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_and_there() -> None:
    assert workbench.__all__ == sorted(workbench.__all__)
    assert all(hasattr(workbench, name) for name in workbench.__all__)
    with pytest.raises(AttributeError, match="no attribute 'AutoModle'"):
        workbench.AutoModle  # noqa: B018


def test_weights_and_directions_reach_the_search() -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * X["a"]))).astype(int)
    model = AutoModel(trials=2, monotone={"a": -1}).fit(X, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    walked = [model.predict_proba(X.assign(a=a))[:, 1] for a in (-2.0, 0.0, 2.0)]
    assert np.diff(np.stack(walked), axis=0).max() <= 1e-6
    assert model.predict_proba(X)[:, 1].mean() > y.mean() + 0.1
    for wrong in (np.ones(3), -np.ones(400), np.zeros(400)):
        with pytest.raises(ValueError, match="sample_weight"):
            AutoModel(trials=1).fit(X, y, sample_weight=wrong)
