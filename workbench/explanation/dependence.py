"""How a feature's contribution runs over its values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.errors import UsageError, did_you_mean
from workbench.explanation.importance import numeric
from workbench.explanation.words import value_in_words
from workbench.text import Text

POINTS = 20
LEVELS = 15


def dependence(X: pd.DataFrame, contributions: pd.DataFrame, feature: str) -> pd.DataFrame:
    """value, label_en, label_zh, n, contribution, low, high: mean and middle 80% of the contribution, by value.

    Numbers and dates are cut into up to 20 parts of equal mass (`value` is the part's median, dates in days since
    1970); of levels the 15 most frequent have a row each (`value` is their rank). Missing values are the last row,
    their `value` nan. Raises WB-C10 for a feature that is not in both frames.
    """
    if feature not in X.columns or feature not in contributions.columns:
        raise UsageError(
            "WB-C10", f"The model has no feature {feature!r}.", did_you_mean(feature, contributions.columns)
        )
    column, effect = X[feature], contributions[feature].to_numpy(dtype=float)
    values = numeric(column)
    missing = column.isna().to_numpy() if values is None else np.isnan(values)
    parts: list[tuple[float, str, str, np.ndarray]] = []
    if values is None:
        text = column.astype("object").map(str).to_numpy()
        counts = pd.Series(text[~missing]).value_counts(sort=True)
        ranked = sorted(counts.index, key=lambda level: (-counts[level], level))
        for rank, level in enumerate(ranked[:LEVELS]):
            parts.append(
                (float(rank), value_in_words(level), value_in_words(level), (text == level) & ~missing)
            )
        rest = ~missing & ~np.isin(text, ranked[:LEVELS])
        parts.append((float(LEVELS), "other levels", "其他取值", rest))
    else:
        dated = pd.api.types.is_datetime64_any_dtype(column.dtype)
        usual = np.sort(values[~missing])
        cuts = np.unique(usual[np.arange(1, POINTS) * len(usual) // POINTS]) if len(usual) else usual
        number = np.where(missing, -1, np.searchsorted(cuts, values, side="left"))
        for k in range(len(cuts) + 1):
            inside = number == k
            if inside.any():
                middle = float(np.median(values[inside]))
                shown = value_in_words(np.datetime64(round(middle), "D") if dated else float(f"{middle:.4g}"))
                parts.append((middle, shown, shown, inside))
    unknown = Text("unknown", "未知")
    parts.append((np.nan, unknown.en, unknown.zh, missing))
    rows = [
        {
            "value": value,
            "label_en": en,
            "label_zh": zh,
            "n": int(inside.sum()),
            "contribution": float(effect[inside].mean()),
            "low": float(np.quantile(effect[inside], 0.1)),
            "high": float(np.quantile(effect[inside], 0.9)),
        }
        for value, en, zh, inside in parts
        if inside.any()
    ]
    return pd.DataFrame(rows, columns=["value", "label_en", "label_zh", "n", "contribution", "low", "high"])
