"""Logistic regression by Newton's method with a small ridge, for the few columns of a card."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.scorecard.woe import Floats

RIDGE = 1.0  # keeps coefficients finite where a small table separates perfectly; nothing at bank size


@dataclass(frozen=True)
class Logit:
    """log-odds of the event = intercept + X @ coefficients."""

    intercept: float
    coefficients: Floats


def sigmoid(log_odds: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(log_odds))
    return np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))


def fit_logit(
    matrix: Floats,
    y: Floats,
    *,
    weight: Floats | None = None,
    ridge: float = RIDGE,
    start: Logit | None = None,
) -> Logit:
    """Minimises sum of weight * log-loss + ridge/2 * |coefficients|^2; the intercept is free.

    scikit-learn's `LogisticRegression(C=1/ridge)` has the same optimum. Both classes must be present.
    """
    rows, width = matrix.shape
    weights = np.ones(rows) if weight is None else weight
    design = np.column_stack([np.ones(rows), matrix])
    penalty = np.concatenate([[0.0], np.full(width, ridge)])
    rate = float(weights @ y / weights.sum())
    beta = np.zeros(width + 1)
    beta[0] = np.log(rate / (1 - rate))
    if start is not None:
        beta[:] = [start.intercept, *start.coefficients]
    loss = _loss(design, y, weights, beta, penalty)
    for _ in range(50):
        p = sigmoid(design @ beta)
        gradient = design.T @ (weights * (p - y)) + penalty * beta
        if np.abs(gradient).max() < 1e-9 * max(1.0, weights.sum()):
            break
        curvature = (design * (weights * p * (1 - p))[:, None]).T @ design + np.diag(penalty + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        for _halving in range(30):
            moved = beta - step
            new_loss = _loss(design, y, weights, moved, penalty)
            if new_loss <= loss + 1e-12 * abs(loss):
                break
            step = step / 2
        beta, loss = moved, new_loss
    return Logit(float(beta[0]), beta[1:])


def _loss(design: Floats, y: Floats, weight: Floats, beta: Floats, penalty: Floats) -> float:
    z = design @ beta
    return float(weight @ (np.logaddexp(0, z) - y * z) + 0.5 * (penalty * beta) @ beta)
