"""Scores: for a file, or for whoever of a dataset is eligible as of a date."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.config import Home
from workbench.errors import DataError, UsageError
from workbench.files import check_writable, read_json
from workbench.registry.artefact import Artefact
from workbench.registry.models import ModelRef
from workbench.service.days import day_of
from workbench.service.models import Models


@dataclass(frozen=True)
class Asked:
    """A model and the customers that it is asked about; `notes` say what was odd about their table."""

    artefact: Artefact
    ref: ModelRef
    keys: pd.DataFrame
    features: pd.DataFrame
    notes: tuple[str, ...] = ()
    set_aside: int = 0  # rows of the file that could not be read as rows

    def scored(self, *, reasons: str = "none", card: bool = False, language: str = "en") -> pd.DataFrame:
        from workbench.scoring.batch import score_frame

        return score_frame(
            self.artefact, self.keys, self.features, reasons=reasons, card=card, language=language
        )


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
        if Path(out).resolve() == Path(file).resolve():
            raise UsageError(
                "WB-U13",
                f"'{out}' is the table itself, which the scores would replace.",
                "Name another --out.",
            )
        check_output(Path(out))
        asked = self.ask(model, cutoff=None, file=file)
        return _written(asked, asked.scored(reasons=reasons, card=card, language=language), out)

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
        check_output(Path(out))
        asked = self.ask(task, cutoff=cutoff, file=None)
        return _written(asked, asked.scored(reasons=reasons, card=card, language=language), out)

    def ask(self, model: str, *, cutoff: str | None, file: Path | None) -> Asked:
        """The model with its customers, from a file or from the model's own dataset as of a date."""
        from workbench.dataset.flat import flat_scoring_frame

        models = Models(self.home)
        ref = models.resolve(model)
        artefact = models.load(ref)
        if file is None:
            return self._eligible(artefact, ref, cutoff)
        rows = flat_scoring_frame(Path(file), artefact.schema)
        notes = (*rows.notes, *_strange(ref, rows.features))
        return Asked(artefact, ref, rows.keys, rows.features, notes, rows.quarantined)

    def _eligible(self, artefact: Artefact, ref: ModelRef, cutoff: str | None) -> Asked:
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
        keys = [*frame.keys, *([frame.time] if frame.time and frame.time not in frame.keys else [])]
        return Asked(artefact, ref, frame.rows[keys], conform(frame.rows, artefact.schema), frame.notes)


def _strange(ref: ModelRef, features: pd.DataFrame) -> list[str]:
    """What a person should hear before they trust the scores.

    Raises DataError WB-P03 for a column of names that now holds numbers: it changed its type.
    """
    from workbench.feedback.drift import Reference, strange

    file = ref.folder / "data" / "drift_reference.json"
    if not file.exists():
        return []
    reference = Reference.from_dict(read_json(file))
    new, empty = strange(reference, features)
    for name in new:
        levels = pd.Series(reference.columns[name].levels)
        if pd.to_numeric(features[name], errors="coerce").notna().all() and (
            pd.to_numeric(levels, errors="coerce").isna().all()
        ):
            raise DataError(
                "WB-P03",
                f"Column '{name}' held {', '.join(levels[:3])} in training, but here every value is a number, "
                f"for example {features[name].iloc[0]}.",
                "Give the column as it was in training.",
            )
    return [f"No value of column '{name}' was ever seen in training." for name in new] + [
        f"Column '{name}' is empty here, but was not in training." for name in empty
    ]


def check_output(out: Path) -> None:
    """Returns if scores can go there: before a minute is spent on them, not after."""
    from workbench.scoring.batch import format_of

    format_of(out)
    check_writable(out)


def _written(asked: Asked, scored: pd.DataFrame, out: Path) -> dict[str, Any]:
    from workbench.scoring.batch import write_scored

    write_scored(scored, Path(out))
    return {
        "model": asked.ref.name,
        "version": asked.ref.version,
        "rows": len(scored),
        "rows_set_aside": asked.set_aside,
        "out": str(out),
        "event_class": asked.artefact.facts.event_class,
        "grades": scored["grade"].value_counts().sort_index().to_dict() if "grade" in scored else {},
        "notes": list(asked.notes),
    }
