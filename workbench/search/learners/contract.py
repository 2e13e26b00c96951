"""What every family of models promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from workbench.search.budget import Slot
from workbench.search.encoder import Encoded


@dataclass(frozen=True)
class Config:
    """One candidate: a family and its parameters, all JSON values."""

    family: str
    params: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Twelve hex digits that stay the same wherever the same configuration is tried."""
        text = json.dumps({"family": self.family, **self.params}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """`lightgbm(extra_trees=True, num_leaves=39, ...)`, for people."""
        return f"{self.family}({', '.join(f'{k}={v}' for k, v in self.params.items())})"

    def with_params(self, **changes: Any) -> Config:
        return Config(self.family, {**self.params, **changes})

    def to_dict(self) -> dict[str, Any]:
        return {"family": self.family, "params": dict(self.params)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Config:
        return cls(stored["family"], dict(stored["params"]))


@dataclass(frozen=True)
class FitTask:
    """One fit: rows to learn from, rows to stop early on (None: take all rounds), and its share of the time.

    `weights` say how much each row counts (None: all the same). In a column of `directions` the log-odds may only rise
    (+1) or only fall (-1) with its known values; a missing value may stand anywhere.
    """

    train: Encoded
    y: np.ndarray
    valid: Encoded | None
    y_valid: np.ndarray | None
    params: Mapping[str, Any]
    seed: int
    threads: int
    slot: Slot
    weights: np.ndarray | None = None
    weights_valid: np.ndarray | None = None
    directions: Mapping[int, int] = field(default_factory=dict)


class Fitted(Protocol):
    """A fitted model that speaks log-odds of the event."""

    @property
    def n_trees(self) -> int: ...

    @property
    def settled(self) -> dict[str, Any]:
        """Parameters that the fit itself chose (learning rate for its slot, rounds): the next fold reuses them."""
        ...

    def log_odds(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        """Log-odds of the event, shape (rows,), float64."""
        ...

    def contributions(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        """Shape (rows, columns + 1): each original column's share and, last, the base; rows sum to the log-odds."""
        ...

    def save(self, folder: Path) -> None:
        """Writes the library's own format into an existing folder."""
        ...


class Learner(Protocol):
    """A family: how to fit one and how to read one back."""

    family: ClassVar[str]

    def prepare(self) -> None:
        """Imports the library, so that no fit's time slot pays for it."""
        ...

    def fit(self, task: FitTask) -> Fitted: ...

    def load(self, folder: Path) -> Fitted: ...
