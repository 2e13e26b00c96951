"""Scores: for a file, or for whoever of a dataset is eligible as of a date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.config import Home
from workbench.errors import DataError, UsageError
from workbench.registry.artefact import Artefact
from workbench.registry.models import ModelRef
from workbench.service.days import day_of
from workbench.service.models import Models


@dataclass(frozen=True)
class Scores:
    """Scoring with the models of this home."""

    home: Home

    def file(
        self,
        model: str,
        file: Path,
        *,
        out: Path,
        reasons: str = "none",
        card: bool = False,
        language: str = "en",
    ) -> dict[str, Any]:
        """Scores a table, row by row in its order, into a CSV, Parquet or Excel file."""
        artefact, ref, features, keys = self.features_of(model, cutoff=None, file=file)
        return self._write(
            artefact, ref, features, keys, out=out, reasons=reasons, card=card, language=language
        )

    def task(
        self,
        task: str,
        *,
        cutoff: str,
        out: Path,
        reasons: str = "none",
        card: bool = False,
        language: str = "en",
    ) -> dict[str, Any]:
        """Scores whoever is eligible as of a date."""
        artefact, ref, features, keys = self.features_of(task, cutoff=cutoff, file=None)
        return self._write(
            artefact, ref, features, keys, out=out, reasons=reasons, card=card, language=language
        )

    def frame(
        self, model: str, *, cutoff: str | None, file: Path | None, reasons: str = "none"
    ) -> tuple[pd.DataFrame, Artefact, ModelRef]:
        """The scored customers themselves, for a list."""
        from workbench.scoring.batch import score_frame

        artefact, ref, features, keys = self.features_of(model, cutoff=cutoff, file=file)
        return score_frame(artefact, keys, features, reasons=reasons), artefact, ref

    def features_of(
        self, model: str, *, cutoff: str | None, file: Path | None
    ) -> tuple[Artefact, ModelRef, pd.DataFrame, pd.DataFrame]:
        """The model, and the features and keys of the customers that it is asked about."""
        from workbench.dataset.flat import flat_scoring_frame

        models = Models(self.home)
        ref = models.resolve(model)
        artefact = models.load(ref)
        if file is not None:
            keys, features = flat_scoring_frame(Path(file), artefact.schema)
            return artefact, ref, features, keys
        keys, features = self._eligible(artefact, cutoff)
        return artefact, ref, features, keys

    def _eligible(self, artefact: Artefact, cutoff: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        from workbench.dataset.build import build_scoring_frame
        from workbench.dataset.schema import conform

        task = artefact.facts.task
        if cutoff is None or "/" not in task:
            raise UsageError(
                "WB-U09",
                f"Whom is {artefact.facts.name} to score?",
                hint="A model from a file scores a file; a dataset's model scores a file or takes --cutoff DATE.",
            )
        frame = build_scoring_frame(self.home, task, day_of(cutoff))
        if frame.rows.empty:
            raise DataError(
                "WB-P20", f"nobody is eligible for {task} as of {cutoff}.", hint="Choose another date."
            )
        keys = [*frame.keys, *([frame.time] if frame.time and frame.time not in frame.keys else [])]
        return frame.rows[keys], conform(frame.rows, artefact.schema)

    def _write(
        self,
        artefact: Artefact,
        ref: ModelRef,
        features: pd.DataFrame,
        keys: pd.DataFrame,
        *,
        out: Path,
        reasons: str,
        card: bool,
        language: str,
    ) -> dict[str, Any]:
        from workbench.scoring.batch import score_frame, write_scored

        scored = score_frame(artefact, keys, features, reasons=reasons, card=card, language=language)
        write_scored(scored, Path(out))
        return {
            "model": ref.name,
            "version": ref.version,
            "rows": len(scored),
            "out": str(out),
            "event_class": artefact.facts.event_class,
            "grades": scored["grade"].value_counts().sort_index().to_dict() if "grade" in scored else {},
        }
