"""How fast this machine learns from this table, at this moment."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from workbench.search.budget import Deadline
from workbench.search.encoder import Encoder
from workbench.search.fitting import ALL_ROWS, Fitter, Job
from workbench.search.learners import LEARNERS
from workbench.search.portfolio import FLOOR

PROBE_ROWS = 20_000
_ROUNDS = 40


def learning_pace(X: pd.DataFrame, y: np.ndarray, *, seed: int) -> float:
    """Cells (rows x columns) times boosting rounds that one core does in a second, measured on at most 20,000 rows.

    `y` holds 0 and 1.
    """
    rows = np.arange(len(X))
    if len(rows) > PROBE_ROWS:
        rows = np.sort(np.random.default_rng([seed, 3]).choice(rows, PROBE_ROWS, replace=False))
    part = X.iloc[rows]
    encoder = Encoder.fit(part)
    fitter = Fitter(encoder.transform(part), np.asarray(y)[rows].astype(np.float64), [], seed=seed)
    LEARNERS[FLOOR.family].prepare()
    start = time.perf_counter()
    fitter.fit(Job(FLOOR, ALL_ROWS, {**FLOOR.params, "rounds": _ROUNDS}), Deadline.after(None))
    taken = max(time.perf_counter() - start, 1e-3)
    return len(rows) * max(1, len(encoder.active)) * _ROUNDS / taken
