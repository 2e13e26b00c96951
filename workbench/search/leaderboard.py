"""Who came first: one line per candidate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = ("trial", "family", "config", "auc", "logloss", "seconds", "folds", "weight", "why")


@dataclass(frozen=True)
class Row:
    """One candidate on its out-of-fold rows; a candidate of which no fold ended has no figures."""

    trial: int
    family: str
    config: str
    auc: float
    logloss: float
    seconds: float
    folds: int
    weight: float
    why: str  # it is in the blend, or what kept it out


def leaderboard(rows: Sequence[Row], *, folds: int) -> pd.DataFrame:
    """Candidates judged on all `folds` first, each group by log-loss; `weight` is the share in the ensemble, `why` one
    sentence on what became of the candidate. Failed ones are last, without figures."""
    table = pd.DataFrame([vars(r) for r in rows], columns=list(COLUMNS))
    table = table.assign(partial=table["folds"] < folds)
    ordered = table.sort_values(["partial", "logloss", "trial"], kind="stable").drop(columns="partial")
    return ordered.reset_index(drop=True)


def rank_auc(y: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve by mean ranks (ties count half); nan where only one class is present."""
    from scipy.stats import rankdata

    events = float(np.sum(y))
    others = len(y) - events
    if events == 0 or others == 0:
        return float("nan")
    return float((rankdata(score)[y == 1].sum() - events * (events + 1) / 2) / (events * others))
