"""The artefact: all that scoring needs, in one folder of open formats (JSON, parquet, each library's own text)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench.errors import DataError
from workbench.files import read_json, write_json
from workbench.registry.facts import Facts

if TYPE_CHECKING:
    from workbench.dataset.schema import ColumnSchema
    from workbench.scorecard.card import Scorecard
    from workbench.scorecard.grades import Grades
    from workbench.search.ensemble import Ensemble


@dataclass(frozen=True)
class Artefact:
    """A model with its passport, input columns, scorecard, grades, and the reference rows that reasons compare with.

    On disk: `facts.json schema.json ensemble/ scorecard.json grades.json reference.parquet`. Nothing is pickled.
    """

    facts: Facts
    schema: ColumnSchema
    ensemble: Ensemble
    scorecard: Scorecard | None = None
    grades: Grades | None = None
    reference: pd.DataFrame | None = None

    def save(self, folder: Path) -> None:
        """Writes the artefact into `folder`, which is made if it is missing."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "facts.json", self.facts.as_dict())
        write_json(folder / "schema.json", self.schema.as_dict())
        self.ensemble.save(folder / "ensemble")
        if self.scorecard is not None:
            write_json(folder / "scorecard.json", self.scorecard.to_dict())
        if self.grades is not None:
            write_json(folder / "grades.json", self.grades.to_dict())
        if self.reference is not None:
            self.reference.to_parquet(folder / "reference.parquet", index=False)

    def score(self, features: pd.DataFrame) -> pd.DataFrame:
        """`probability` of the event and, where the model has grades, `grade`; a row for each given, in order."""
        probability = self.ensemble.predict_proba(features[list(self.facts.features)])
        scored = pd.DataFrame({"probability": probability}, index=features.index)
        if self.grades is not None:
            scored["grade"] = self.grades.of(probability)
        return scored

    @classmethod
    def load(cls, folder: Path) -> Artefact:
        """Reads what `save` wrote. Raises DataError WB-R07 if the folder does not hold an artefact."""
        facts_file = folder / "facts.json"
        if not facts_file.is_file():
            raise DataError("WB-R07", f"there is no model in {folder}.", "Train the model again.")
        from workbench.dataset.schema import ColumnSchema
        from workbench.search.ensemble import Ensemble

        card, grades = folder / "scorecard.json", folder / "grades.json"
        reference = folder / "reference.parquet"
        return cls(
            facts=Facts.from_dict(read_json(facts_file)),
            schema=ColumnSchema.from_dict(read_json(folder / "schema.json")),
            ensemble=Ensemble.load(folder / "ensemble"),
            scorecard=_load_scorecard(card) if card.is_file() else None,
            grades=_load_grades(grades) if grades.is_file() else None,
            reference=pd.read_parquet(reference) if reference.is_file() else None,
        )


def _load_scorecard(file: Path) -> Scorecard:
    from workbench.scorecard.card import Scorecard

    return Scorecard.from_dict(read_json(file))


def _load_grades(file: Path) -> Grades:
    from workbench.scorecard.grades import Grades

    return Grades.from_dict(read_json(file))
