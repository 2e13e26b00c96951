"""Figures against second libraries, brute force and known cases."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp
from sklearn import metrics as oracle
from sklearn.linear_model import LogisticRegression

from workbench.errors import DataError, UsageError
from workbench.evaluation import evaluate, paired_difference
from workbench.evaluation.curves import wilson
from workbench.evaluation.intervals import resamples
from workbench.evaluation.metrics import METRICS, Sample


def scored(n: int = 3000, seed: int = 0, ties: int | None = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.beta(1, 4, n)
    if ties:
        p = np.round(p * ties) / ties
    return (rng.random(n) < p).astype(int), p


@pytest.mark.parametrize("ties", [None, 40, 3])
def test_figures_agree_with_scikit_learn_and_scipy(ties) -> None:
    y, p = scored(ties=ties)
    got = evaluate(y, p, n_boot=1).metrics
    assert got["auc"] == pytest.approx(oracle.roc_auc_score(y, p), abs=1e-12)
    assert got["brier"] == pytest.approx(oracle.brier_score_loss(y, p), abs=1e-12)
    assert got["ks"] == pytest.approx(ks_2samp(p[y == 1], p[y == 0]).statistic, abs=1e-12)
    inside = np.clip(p, 0.01, 0.99)
    assert evaluate(y, inside, n_boot=1).metrics["logloss"] == pytest.approx(
        oracle.log_loss(y, inside), abs=1e-12
    )
    assert got["gini"] == pytest.approx(2 * got["auc"] - 1)


def test_ks_lies_at_its_score() -> None:
    y, p = scored()
    got = evaluate(y, p, n_boot=1).metrics
    at_or_above = p >= got["ks_score"]
    assert abs(at_or_above[y == 1].mean() - at_or_above[y == 0].mean()) == pytest.approx(got["ks"])


def test_lift_is_the_mean_over_all_orders_of_tied_rows() -> None:
    y = np.array([1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    p = np.array([0.9] + [0.5] * 5 + [0.1] * 14)
    rng = np.random.default_rng(0)
    lifts = []
    for _ in range(20_000):
        order = np.lexsort((rng.random(20), -p))
        lifts.append(y[order[:2]].mean() / y.mean())  # the best tenth: 2 of 20
    assert evaluate(y, p, n_boot=1).metrics["lift_10"] == pytest.approx(np.mean(lifts), abs=0.03)


def test_a_constant_score_has_no_lift() -> None:
    y, _ = scored()
    got = evaluate(y, np.full(len(y), 0.2), n_boot=1).metrics
    assert (got["auc"], got["ks"]) == (0.5, 0.0)
    assert got["lift_10"] == pytest.approx(1)
    assert np.isnan(got["slope"])


@pytest.mark.parametrize("name", sorted(METRICS))
def test_weights_are_repeated_rows(name) -> None:
    y, p = scored(400)
    weights = np.random.default_rng(1).integers(0, 3, 400)
    repeated = np.repeat(np.arange(400), weights)
    of = METRICS[name]
    tolerance = 0.01 if name == "ece" else 1e-12  # equal-mass bins may part repeated rows
    assert of(Sample.of(y, p), weights) == pytest.approx(
        of(Sample.of(y[repeated], p[repeated]), None), abs=tolerance
    )


def test_calibration_line_agrees_with_a_logistic_regression() -> None:
    y, p = scored(ties=None)
    p = np.clip(p, 0.01, 0.99) ** 1.3
    x = np.log(p / (1 - p))
    fit = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x[:, None], y)
    got = evaluate(y, p, n_boot=1).metrics
    assert got["slope"] == pytest.approx(fit.coef_[0, 0], abs=1e-4)
    assert got["intercept"] == pytest.approx(fit.intercept_[0], abs=1e-4)


def test_wilson_interval_of_a_textbook_case() -> None:
    low, high = wilson(np.array([10.0]), np.array([20.0]))
    assert (round(low[0], 4), round(high[0], 4)) == (0.2993, 0.7007)


def test_gains_and_deciles_add_up() -> None:
    y, p = scored()
    got = evaluate(y, p, n_boot=1)
    assert len(got.gains) == 100
    assert got.gains["capture"].iloc[-1] == pytest.approx(1)
    assert got.gains["lift"].iloc[-1] == pytest.approx(1)
    assert (np.diff(got.gains["capture"]) >= -1e-12).all()
    assert got.gains["lift"].iloc[9] == pytest.approx(got.metrics["lift_10"])
    assert got.gains["capture"].iloc[19] == pytest.approx(got.metrics["capture_20"])
    assert got.deciles["customers"].sum() == pytest.approx(len(y))
    assert got.deciles["events"].sum() == pytest.approx(y.sum())
    assert np.average(got.deciles["mean_probability"], weights=got.deciles["customers"]) == pytest.approx(
        p.mean()
    )
    assert got.calibration["events"].sum() == y.sum()
    assert (got.calibration["low"] <= got.calibration["event_rate"]).all()


def test_months_and_seen_customers_are_reported_apart() -> None:
    y, p = scored()
    months = np.datetime64("2017-01") + (np.arange(len(y)) % 3)
    got = evaluate(y, p, months=months, seen=np.arange(len(y)) % 2 == 0, n_boot=1)
    assert list(got.by_month["month"]) == ["2017-01", "2017-02", "2017-03"]
    first = np.arange(len(y)) % 3 == 0
    assert got.by_month["auc"].iloc[0] == pytest.approx(oracle.roc_auc_score(y[first], p[first]))
    assert got.by_seen["rows"].sum() == len(y)


def test_intervals_hold_the_figure_and_repeat() -> None:
    y, p = scored()
    one, two = evaluate(y, p, seed=5), evaluate(y, p, seed=5)
    assert one.intervals == two.intervals
    for name, (low, high) in one.intervals.items():
        assert low < one.metrics[name] < high


def test_auc_interval_agrees_with_hanley_and_mcneil() -> None:
    y, p = scored(4000, ties=None)
    got = evaluate(y, p, n_boot=400)
    a, m, n = got.metrics["auc"], y.sum(), (1 - y).sum()
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    se = np.sqrt((a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n))
    low, high = got.intervals["auc"]
    assert (high - low) / 2 == pytest.approx(1.96 * se, rel=0.2)


def test_repeated_customers_widen_the_interval() -> None:
    y, p = scored(500)
    y, p = np.tile(y, 8), np.tile(p, 8)
    rows = evaluate(y, p).intervals["auc"]
    customers = evaluate(y, p, entity=np.tile(np.arange(500), 8)).intervals["auc"]
    assert customers[1] - customers[0] > 2 * (rows[1] - rows[0])


def test_a_resample_draws_whole_customers() -> None:
    entity = np.array(["a", "a", "b", "c", "c", "c"])
    for weights in resamples(6, entity, n_boot=20, seed=0):
        assert weights[0] == weights[1] and weights[3] == weights[4] == weights[5]
        assert weights[[0, 2, 3]].sum() == 3


def test_paired_difference_is_narrower_than_the_two_intervals() -> None:
    y, p = scored(2000, ties=None)
    worse = np.clip(p + np.random.default_rng(0).normal(0, 0.05, len(p)), 0, 1)
    diff, low, high = paired_difference(y, p, worse, None, "auc", n_boot=200, seed=0)
    assert low < diff < high
    alone = evaluate(y, p).intervals["auc"]
    assert high - low < 0.7 * (alone[1] - alone[0])
    assert paired_difference(y, p, p, None)[0:3] == (0, 0, 0)


def test_an_unknown_metric_is_answered_with_a_suggestion() -> None:
    y, p = scored(100)
    with pytest.raises(UsageError, match="Did you mean 'auc'"):
        paired_difference(y, p, p, None, "acu")


def test_two_hundred_resamples_of_thirty_thousand_rows_are_quick() -> None:
    y, p = scored(30_000, ties=None)
    start = time.process_time()
    evaluate(y, p, n_boot=200)
    assert time.process_time() - start < 4  # 1.0-1.6 s on an idle core


def test_a_one_class_sample_has_no_auc_and_still_a_report() -> None:
    got = evaluate(np.zeros(50), np.linspace(0, 0.5, 50), n_boot=5)
    assert np.isnan(got.metrics["auc"])
    text = json.dumps(got.as_dict(), allow_nan=False)
    assert json.loads(text)["metrics"]["auc"] is None


@pytest.mark.parametrize(
    ("y", "p", "words"),
    [
        ([0, 1], [0.2], "one label and one probability per row"),
        ([], [], "at least one row"),
        ([0, 2], [0.2, 0.3], "Labels must be 0 or 1"),
        ([0, 1], [0.2, 1.3], "between 0 and 1"),
        ([0, 1], [0.2, np.nan], "between 0 and 1"),
    ],
)
def test_what_is_not_a_scored_sample_is_refused(y, p, words) -> None:
    with pytest.raises(DataError, match=words):
        evaluate(np.array(y), np.array(p))


def test_tables_are_plain_frames() -> None:
    y, p = scored(200)
    got = evaluate(y, p, n_boot=1)
    assert all(isinstance(t, pd.DataFrame) for t in (got.gains, got.deciles, got.calibration, got.by_month))
    assert got.by_month.empty
