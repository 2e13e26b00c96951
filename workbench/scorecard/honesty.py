"""WOE of rows that had no part in making the bins: what a variable is worth, not what it has learned by heart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.scorecard.binning import Outcome, fit_bins
from workbench.scorecard.spec import CardSpec
from workbench.scorecard.woe import Floats

FEW = 200  # cases of the rarer outcome below which more and larger training parts are used


def out_of_fold_woe(
    X: pd.DataFrame,
    y: Floats,
    names: Sequence[str],
    *,
    weight: Floats | None,
    spec: CardSpec,
    seed: int,
) -> Floats:
    """(rows, names): each row's WOE by bins fitted on the other parts; events are dealt evenly to the parts."""
    rare = min(y.sum(), len(y) - y.sum())
    parts = int(min(5 if rare < FEW else 3, max(rare, 2)))
    dealt = np.empty(len(y), dtype=int)
    generator = np.random.default_rng(seed)
    for value in (0.0, 1.0):
        rows = generator.permutation(np.flatnonzero(y == value))
        dealt[rows] = np.arange(len(rows)) % parts
    found = np.zeros((len(y), len(names)))
    for part in range(parts):
        held = dealt == part
        learned, judged = X.loc[~held], X.loc[held]
        outcome = Outcome.of(y[~held], None if weight is None else weight[~held])
        for at, name in enumerate(names):
            bins = fit_bins(learned[name], outcome, spec=spec)
            found[held, at] = bins.woe[bins.index(judged[name])]
    return found
