"""What one run learns from and is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.leakage import LeakFinding
from workbench.dataset.sampling import Drawn
from workbench.dataset.splits import Splits
from workbench.training.guidance import Guidance


@dataclass(frozen=True)
class Material:
    """A frame, who teaches and who judges in it, what a person asked for, the sample if there is one, and what is suspect.

    `splits` are the sample's where there is one: its training rows are those that teach.
    """

    frame: TrainingFrame
    splits: Splits
    guidance: Guidance
    draw: Drawn | None
    seed: int
    suspects: tuple[LeakFinding, ...] = ()  # columns that may know the outcome

    @property
    def stops(self) -> tuple[str, ...]:
        """What keeps the model from going live until a person has answered."""
        return tuple(suspect.message for suspect in self.suspects if suspect.severity == "stop")

    @property
    def features(self) -> list[str]:
        return list(self.frame.features)

    @cached_property
    def train(self) -> pd.DataFrame:
        return self.frame.rows[self.splits.train]

    @cached_property
    def held(self) -> pd.DataFrame:
        return self.frame.rows[self.splits.holdout]

    @property
    def y_train(self) -> np.ndarray:
        return self.train[LABEL].to_numpy()

    @property
    def weights(self) -> np.ndarray | None:
        """How much each training row counts by request; None: all the same."""
        return None if self.guidance.weights is None else self.guidance.weights[self.splits.train]

    @property
    def stand_for(self) -> np.ndarray | None:
        """How many rows of the table each training row stands for; None where all of them teach."""
        return None if self.draw is None else self.draw.weights

    @property
    def shift(self) -> float:
        """What is added to log-odds that the search learned from these rows."""
        return 0.0 if self.draw is None else self.draw.shift

    @cached_property
    def plain(self) -> np.ndarray:
        """True per training row where together they are as all the rows are: what references are made from."""
        return np.ones(len(self.train), dtype=bool) if self.draw is None else self.draw.plain(seed=self.seed)

    @property
    def base_rate(self) -> float:
        """The event's share among the rows that teach or that the sample stands for."""
        return float(np.average(self.y_train, weights=self.stand_for))

    @property
    def notes(self) -> tuple[str, ...]:
        return () if self.draw is None else (self.draw.sentence.en,)
