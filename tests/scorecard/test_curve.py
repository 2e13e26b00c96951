from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from workbench.scorecard.curve import ProbabilityCurve


def test_a_bent_relation_is_followed_and_stays_strictly_monotone() -> None:
    """True log-odds flatten out below 500 points; a straight line would promise too much there."""
    draw = np.random.default_rng(0)
    score = np.rint(draw.normal(520, 40, 40_000))
    truth = 1 / (1 + np.exp(1.0 + (np.maximum(score, 500) - 520) / 20))
    y = (draw.random(40_000) < truth).astype(float)
    curve = ProbabilityCurve.fit(score, y, weight=None, sign=-1)
    every = np.arange(300, 800)
    assert (np.diff(curve(every)) < 0).all()
    assert curve(score).mean() == pytest.approx(y.mean(), abs=1e-9)
    assert np.abs(curve(score) - truth).max() < 0.12
    fresh = (draw.random(40_000) < truth).astype(float)
    isotonic = IsotonicRegression(increasing=False, out_of_bounds="clip").fit(score, y)
    stepwise = np.clip(isotonic.predict(score), 1e-6, 1 - 1e-6)
    # isotonic steps may lie flat, the curve may not: it pays a little for telling every point apart
    assert log_loss(fresh, curve(score)) <= log_loss(fresh, stepwise) + 5e-4
    scaled = ((score - 520) / 40)[:, None]
    line = LogisticRegression(C=1e6).fit(scaled, y).predict_proba(scaled)[:, 1]
    assert log_loss(fresh, curve(score)) < log_loss(fresh, line) - 1e-3


def test_segments_meet() -> None:
    draw = np.random.default_rng(1)
    score = draw.normal(500, 50, 5000)
    y = (draw.random(5000) < 1 / (1 + np.exp((500 - score) / 30))).astype(float)
    curve = ProbabilityCurve.fit(score, y, weight=None, sign=1)
    assert len(curve.uppers) == 10
    knots = np.array(curve.uppers)
    left = np.array(curve.intercepts[:-1]) + np.array(curve.slopes[:-1]) * knots
    right = np.array(curve.intercepts[1:]) + np.array(curve.slopes[1:]) * knots
    assert left == pytest.approx(right, abs=1e-9)


def test_few_cases_make_a_straight_line_and_a_senseless_score_a_flat_one() -> None:
    score = np.arange(200.0)
    y = (score >= 180).astype(float)
    y[:3] = 1
    assert ProbabilityCurve.fit(score, y, weight=None, sign=1).uppers == ()
    against = ProbabilityCurve.fit(score, y, weight=None, sign=-1)
    assert against.slopes == (0.0,)
    assert against(score) == pytest.approx(y.mean())
