"""Calibration and selection: honest probabilities, few members, ranking untouched."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from workbench.search.blend import in_turn
from workbench.search.calibration import Affine, calibrate, log_loss, logistic_line
from workbench.search.selection import blend_weights


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


def noisy(z: np.ndarray, times: int, size: float = 0.8) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [z + rng.normal(0, size, len(z)) for _ in range(times)]


def test_a_useless_candidate_gets_no_weight() -> None:
    y, z = truth()
    noise = np.random.default_rng(1).normal(size=len(y))
    weights = blend_weights(y, np.stack([z, noise]), seed=0)
    assert weights[0] > 0.9


def test_two_half_truths_are_blended_better_than_either() -> None:
    y, z = truth()
    candidates = np.stack([*noisy(z, 2), z * 0])
    weights = blend_weights(y, candidates, seed=0)
    assert weights.sum() == pytest.approx(1)
    assert weights[2] < 0.3 and min(weights[:2]) > 0.2
    assert log_loss(y, weights @ candidates) < min(log_loss(y, c) for c in candidates)


def test_what_chance_explains_moves_no_weight_and_what_it_does_not_moves_all() -> None:
    y, z = truth(600)
    alike = blend_weights(y, np.stack(noisy(z, 4, 0.05)), seed=0)
    assert np.count_nonzero(alike) == 4 and alike.max() < 0.5
    weight_of_best = []
    for rows in (300, 3000, 30_000):
        y, z = truth(rows)
        best, *others = [*noisy(z, 1, 0.3), *noisy(z + 1, 3, 0.6)]
        weight_of_best.append(blend_weights(y, np.stack([best, *others]), seed=0)[0])
    assert weight_of_best[0] < weight_of_best[1] < weight_of_best[2]
    assert weight_of_best[2] > 0.8


def test_at_most_forty_members_speak_and_a_crowd_of_equals_does_not_fall_to_one() -> None:
    y, z = truth(500)
    weights = blend_weights(y, np.stack(noisy(z, 150, 0.02)), seed=0)
    assert np.count_nonzero(weights) == 40


def test_the_weights_are_the_least_cost_that_a_general_solver_finds() -> None:
    """Oracle: scipy's constrained solver on the printed formula, from other starts."""
    from scipy.optimize import minimize

    y, z = truth(800)
    candidates = np.stack([*noisy(z, 3), 0.5 * z])

    def cost(w: np.ndarray) -> float:
        return log_loss(y, w @ candidates) + float(np.sum(w * np.log(w / 0.25))) / y.sum()

    bounds, whole = [(1e-9, 1)] * 4, {"type": "eq", "fun": lambda w: w.sum() - 1}
    found = minimize(cost, [0.7, 0.1, 0.1, 0.1], bounds=bounds, constraints=whole, tol=1e-12)
    weights = blend_weights(y, candidates, seed=0)
    assert np.abs(weights - found.x).max() < 2e-3


def test_a_row_that_counts_twice_is_as_good_as_two() -> None:
    y, z = truth(300)
    candidates = np.stack([*noisy(z, 2), -z])
    twice = np.random.default_rng(5).integers(1, 3, len(y))
    counted = blend_weights(y, candidates, seed=0, counts_as=twice.astype(float))
    written = blend_weights(np.repeat(y, twice), np.repeat(candidates, twice, axis=1), seed=0)
    assert np.abs(counted - written).max() < 0.03  # written twice, events are twice as many


def test_few_events_hold_the_calibration_back() -> None:
    y, z = truth(8000)
    few = np.flatnonzero(y == 1)[:60]
    rows = np.append(few, np.flatnonzero(y == 0)[:2000])
    line, whole = calibrate(y[rows], 1.5 * z[rows]), logistic_line(y[rows], 1.5 * z[rows])
    assert line.slope - 1 == pytest.approx(60 / 160 * (whole.slope - 1))
    one_customer = np.zeros(len(rows), dtype=int)
    assert calibrate(y[rows], 1.5 * z[rows], one_customer) == Affine()


def test_members_bring_fold_models_by_weight_and_every_fold_is_used_alike() -> None:
    weights = [0.4, 0.2, *[0.4 / 16] * 16]
    taken = in_turn(weights, [list(range(5))] * 18)
    assert [len(t) for t in taken] == [5, 5, *[1] * 16]
    assert all(t == sorted(set(t)) for t in taken)
    used = np.bincount([fold for t in taken for fold in t])
    assert used.max() - used.min() <= 1
    assert in_turn([1.0], [[0, 2]]) == [[0, 2]]
