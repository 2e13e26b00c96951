"""How far each feature moves a customer's log-odds away from the customers that she is compared with.

push(row, feature) = contribution(row, feature) - mean contribution of the reference rows
base               = mean log-odds of the reference rows

so base plus the pushes of a row is its log-odds. Reasons and the picture of one customer both read these values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from workbench.errors import DataError, WorkbenchError

BASE = "(base)"
TOLERANCE = 1e-4  # some libraries work in float32
CHECKED_ROWS = 50


class Explained(Protocol):
    """What explanations need of a model."""

    @property
    def features(self) -> Sequence[str]: ...

    def log_odds(self, X: pd.DataFrame) -> np.ndarray: ...

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """One column per feature and `(base)`; each row sums to its log-odds of the event."""
        ...


@dataclass(frozen=True)
class Pushes:
    """`values`: rows x features, in log-odds of the event; `base`: where the reference stands."""

    values: pd.DataFrame
    base: float

    @property
    def log_odds(self) -> np.ndarray:
        return self.base + self.values.to_numpy().sum(axis=1)


def pushes(
    model: Explained, X: pd.DataFrame, *, reference: pd.DataFrame, contributions: pd.DataFrame | None = None
) -> Pushes:
    """The pushes of the rows of X against the reference rows. Raises WB-C08 for an empty reference.

    `contributions` of the reference's rows, then of X's, spare a caller who has them already their price.

    Raises WB-C11 if the model's contributions do not sum to its log-odds: reasons would then be invented.
    """
    if len(reference) == 0:
        raise DataError(
            "WB-C08",
            "Reasons compare a customer with reference customers, but the reference has no rows.",
            "Give at least one reference row.",
        )
    # one call for both: a library's preparation for contributions can cost more than a thousand rows of them
    columns = list(reference.columns)
    both = contributions
    if both is None:
        both = model.contributions(
            pd.concat([reference, X[columns]], ignore_index=True) if len(X) else reference
        )
    against, found = both.iloc[: len(reference)], both.iloc[len(reference) :]
    _check_sums(model, reference, against)
    names = [name for name in against.columns if name != BASE]
    means = against.to_numpy(dtype=float).mean(axis=0)
    middle = pd.Series(means, index=against.columns)
    values = found[names].to_numpy(dtype=float) - middle[names].to_numpy()
    # the base is the same for every row, so its deviation from the reference's is nought but rounding
    return Pushes(pd.DataFrame(values, columns=names, index=X.index), float(means.sum()))


def _check_sums(model: Explained, X: pd.DataFrame, contributions: pd.DataFrame) -> None:
    part = X.iloc[:CHECKED_ROWS]
    log_odds = model.log_odds(part)
    gap = float(np.abs(contributions.iloc[: len(part)].to_numpy(dtype=float).sum(axis=1) - log_odds).max())
    if not gap <= TOLERANCE * max(1.0, float(np.abs(log_odds).max())):
        raise WorkbenchError(
            "WB-C11",
            f"The model's contributions miss its log-odds by up to {gap:.3g}; at most {TOLERANCE:g} is allowed.",
            "The model's files may be damaged: train it again.",
        )
