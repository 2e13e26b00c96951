"""The searched model: a weighted blend in log-odds, calibrated, whose contributions add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.files import read_json, whole_folder, write_json
from workbench.search.calibration import Affine
from workbench.search.encoder import Encoded, Encoder
from workbench.search.learners import LEARNERS, Config, Fitted

BASE = "(base)"
_CHUNK = 100_000  # rows encoded and scored at a time: memory stays flat for any table
_FORMAT = 1


@dataclass(frozen=True)
class Member:
    """One configuration in the blend: its models (one per fold, or one refitted) are averaged in log-odds."""

    config: Config
    weight: float
    models: tuple[Fitted, ...]

    @property
    def n_trees(self) -> int:
        return sum(m.n_trees for m in self.models)


@dataclass(frozen=True)
class Ensemble:
    """Scores tables: `log_odds`, `predict_proba`, and `contributions` that sum to the log-odds.

    Contributions are exact to 1e-6 for LightGBM and logistic members and to 1e-4 where the library works in
    float32 (XGBoost; CatBoost).
    """

    encoder: Encoder
    members: tuple[Member, ...]
    calibration: Affine = Affine()
    threads: int = 2

    @property
    def features(self) -> tuple[str, ...]:
        return self.encoder.names

    @property
    def n_trees(self) -> int:
        return sum(m.n_trees for m in self.members)

    def log_odds(self, X: pd.DataFrame) -> np.ndarray:
        """Calibrated log-odds of the event, shape (rows,)."""
        parts = [self._log_odds(self.encoder.transform(X.iloc[i : i + _CHUNK])) for i in _starts(len(X))]
        return np.concatenate(parts) if parts else np.zeros(0)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Probability of the event, shape (rows,)."""
        from scipy.special import expit

        return expit(self.log_odds(X))

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """Each feature's share of the calibrated log-odds, and the base; a row sums to its log-odds."""
        parts = [self._contributions(self.encoder.transform(X.iloc[i : i + _CHUNK])) for i in _starts(len(X))]
        width = len(self.features) + 1
        values = np.concatenate(parts) if parts else np.zeros((0, width))
        return pd.DataFrame(values, columns=[*self.features, BASE], index=X.index)

    def _log_odds(self, data: Encoded) -> np.ndarray:
        total = np.zeros(data.rows)
        for member in self.members:
            part = np.zeros(data.rows)
            for model in member.models:
                part += model.log_odds(data, threads=self.threads)
            total += member.weight / len(member.models) * part
        return self.calibration(total)

    def _contributions(self, data: Encoded) -> np.ndarray:
        total = np.zeros((data.rows, data.width + 1))
        for member in self.members:
            for model in member.models:
                share = member.weight / len(member.models)
                total += share * model.contributions(data, threads=self.threads)
        total *= self.calibration.slope
        total[:, -1] += self.calibration.intercept
        return total

    def shifted(self, log_odds: float) -> Ensemble:
        """The same model with a constant added to every row's log-odds: a prior correction."""
        calibration = Affine(self.calibration.slope, self.calibration.intercept + log_odds)
        return replace(self, calibration=calibration)

    def save(self, folder: Path) -> None:
        """Writes the folder whole: `ensemble.json` (encoder, weights, calibration) and each library's own files."""
        with whole_folder(folder) as part:
            members = []
            for i, member in enumerate(self.members):
                names = [f"member{i}-{k}" for k in range(len(member.models))]
                for name, model in zip(names, member.models, strict=True):
                    (part / name).mkdir()
                    model.save(part / name)
                members.append({"config": member.config.to_dict(), "weight": member.weight, "models": names})
            facts = {
                "format": _FORMAT,
                "encoder": self.encoder.to_dict(),
                "members": members,
                "slope": self.calibration.slope,
                "intercept": self.calibration.intercept,
                "threads": self.threads,
            }
            write_json(part / "ensemble.json", facts)

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """The saved ensemble; its predictions are bit-equal to those before saving.

        Raises DataError WB-S10 if the folder holds no ensemble that this version can read.
        """
        facts = _facts(folder)
        members = []
        for stored in facts["members"]:
            config = Config.from_dict(stored["config"])
            learner = LEARNERS[config.family]
            models = tuple(learner.load(folder / name) for name in stored["models"])
            members.append(Member(config, stored["weight"], models))
        calibration = Affine(facts["slope"], facts["intercept"])
        return cls(Encoder.from_dict(facts["encoder"]), tuple(members), calibration, facts["threads"])


def _facts(folder: Path) -> dict[str, Any]:
    hint = "Train the model again, or restore its folder whole."
    try:
        facts = read_json(folder / "ensemble.json")
    except (OSError, ValueError) as exc:
        raise DataError("WB-S10", f"{folder} holds no readable ensemble.json ({exc}).", hint) from exc
    if facts.get("format") != _FORMAT:
        raise DataError(
            "WB-S10", f"{folder} has format {facts.get('format')!r}, but this version reads {_FORMAT}.", hint
        )
    return facts


def _starts(rows: int) -> Sequence[int]:
    return range(0, rows, _CHUNK)
