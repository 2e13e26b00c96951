"""Calibration and selection: honest probabilities, few members, ranking untouched."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from workbench.search.calibration import Affine, calibrate, log_loss, logistic_line
from workbench.search.selection import greedy_weights


def truth(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(-1, 1.5, n)
    return (rng.random(n) < expit(z)).astype(float), z


def test_an_exaggerated_score_is_shrunk_back() -> None:
    y, z = truth()
    found = calibrate(y, 1.6 * z + 0.5)
    assert found.slope == pytest.approx(1 / 1.6, abs=0.06)
    assert found.intercept == pytest.approx(-0.5 / 1.6, abs=0.1)


def test_the_line_has_no_gradient_left() -> None:
    y, z = truth()
    line = logistic_line(y, 3 * z - 2)
    residual = expit(line(3 * z - 2)) - y
    assert abs(residual.sum()) < 1e-5 and abs(residual @ z) < 1e-4


def test_an_absurd_map_is_not_used() -> None:
    y, z = truth()
    assert calibrate(y, -z) == Affine()  # reversed: the slope would be negative
    assert calibrate(y, 10 * z) == Affine()  # the slope would be 0.1
    assert calibrate(y[:30], z[:30]) == Affine()  # too few rows


def test_calibration_keeps_the_order() -> None:
    y, z = truth()
    found = calibrate(y, 1.4 * z)
    assert np.array_equal(np.argsort(found(z)), np.argsort(z))


def test_a_useless_candidate_gets_no_weight() -> None:
    y, z = truth()
    noise = np.random.default_rng(1).normal(size=len(y))
    weights = greedy_weights(y, np.stack([z, noise]), seed=0)
    assert weights.tolist() == [1, 0]


def test_two_half_truths_are_blended_better_than_either() -> None:
    rng = np.random.default_rng(3)
    y, z = truth()
    candidates = np.stack([z + rng.normal(0, 0.8, len(y)), z + rng.normal(0, 0.8, len(y)), z * 0])
    weights = greedy_weights(y, candidates, seed=0)
    assert weights.sum() == pytest.approx(1)
    assert weights[2] < 0.3 and min(weights[:2]) > 0.2
    assert log_loss(y, weights @ candidates) < min(log_loss(y, c) for c in candidates)


def test_members_are_few() -> None:
    rng = np.random.default_rng(3)
    y, z = truth(2000)
    candidates = np.stack([z + rng.normal(0, 1, len(y)) for _ in range(30)])
    assert np.count_nonzero(greedy_weights(y, candidates, seed=0, max_members=4)) <= 4
