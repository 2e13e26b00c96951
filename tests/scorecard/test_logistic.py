from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from workbench.scorecard.logistic import fit_logit


def test_scikit_learn_finds_the_same_optimum() -> None:
    draw = np.random.default_rng(0)
    X = draw.normal(size=(800, 4))
    y = (draw.random(800) < 1 / (1 + np.exp(1 - X @ [1, -0.5, 0.2, 0]))).astype(float)
    weight = draw.uniform(0.5, 2, 800)
    ours = fit_logit(X, y, weight=weight, ridge=2.0)
    theirs = LogisticRegression(C=1 / 2.0, tol=1e-12, max_iter=2000).fit(X, y, sample_weight=weight)
    assert ours.coefficients == pytest.approx(theirs.coef_[0], abs=1e-6)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-6)


def test_a_perfect_separation_stays_finite() -> None:
    x = np.arange(20.0)[:, None]
    logit = fit_logit(x, (x[:, 0] > 9).astype(float))
    assert np.isfinite([logit.intercept, *logit.coefficients]).all()
