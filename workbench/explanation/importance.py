"""What the model listens to, over all customers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from workbench.explanation.pushes import BASE
from workbench.explanation.words import sentence_of
from workbench.text import Text

CLEAR = 0.3  # rank correlation from which a direction is called one


def importance(
    contributions: pd.DataFrame,
    groups: Mapping[str, str],
    sentences: Mapping[str, Text],
    *,
    X: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """feature, sentence_en, sentence_zh, group, mean_abs, share, direction; the strongest first.

    `mean_abs` is the mean absolute distance of a feature's contribution from its own mean, in log-odds; `share` sums
    to 1. `direction` needs X: `up` if larger values raise the event's probability, `down`, else `mixed`; empty
    for levels, for features that never move and without X.
    """
    names = [name for name in contributions.columns if name != BASE]
    values = contributions[names].to_numpy(dtype=float)
    strength = np.abs(values - values.mean(axis=0)).mean(axis=0)
    total = strength.sum()
    table = pd.DataFrame(
        {
            "feature": names,
            "sentence_en": [sentence_of(name, sentences, "en") for name in names],
            "sentence_zh": [sentence_of(name, sentences, "zh") for name in names],
            "group": [groups.get(name, name) for name in names],
            "mean_abs": strength,
            "share": strength / total if total > 0 else np.zeros(len(names)),
            "direction": [
                "" if X is None else _direction(X[name], values[:, at]) for at, name in enumerate(names)
            ],
        }
    )
    return table.sort_values("mean_abs", ascending=False, kind="stable").reset_index(drop=True)


def numeric(column: pd.Series) -> np.ndarray | None:
    """A column as float64, dates as days since 1970; None for levels."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        naive = column.dt.tz_localize(None) if isinstance(column.dtype, pd.DatetimeTZDtype) else column
        moments = naive.to_numpy().astype("datetime64[s]")
        return np.where(np.isnat(moments), np.nan, moments.astype("int64") / 86400.0)
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype="float64", na_value=np.nan)
    return None


def _direction(column: pd.Series, contribution: np.ndarray) -> str:
    values = numeric(column)
    if values is None:
        return ""
    known = np.isfinite(values)
    ranks = [pd.Series(part[known]).rank().to_numpy() for part in (values, contribution)]
    if known.sum() < 3 or min(np.std(r) for r in ranks) == 0:
        return ""
    correlation = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return "up" if correlation > CLEAR else "down" if correlation < -CLEAR else "mixed"
