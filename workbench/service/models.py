"""Models: versions, reports, scorecards, what is live."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.config import Home
from workbench.errors import DataError
from workbench.files import read_json
from workbench.registry import models as registry
from workbench.registry.artefact import Artefact
from workbench.registry.facts import Facts
from workbench.registry.models import ModelRef
from workbench.registry.promotion import rollback
from workbench.service.people import People
from workbench.store import open_store, versions


@dataclass(frozen=True)
class ModelSummary:
    """One version, as lists of models show it."""

    name: str
    version: int
    task: str
    kind: str
    created_at: datetime
    champion: bool
    metrics: dict[str, float]
    run_id: str | None
    trained_by: str


@dataclass(frozen=True)
class Report:
    """The small tables of one version, read when they are asked for; nothing is computed again."""

    name: str
    version: int
    folder: Path

    @cached_property
    def summary(self) -> dict[str, Any]:
        return read_json(self.folder / "report" / "summary.json")

    @cached_property
    def request(self) -> dict[str, Any]:
        """What this version's run was asked for."""
        return read_json(self.folder / "config" / "request.json")

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        return read_json(self.folder / "report" / "evaluation.json")

    def table(self, name: str) -> pd.DataFrame:
        """One of `tables`; an empty frame where this kind of run has no such table (months without dates)."""
        file = self.folder / "tables" / f"{name}.csv"
        return pd.read_csv(file) if file.exists() else pd.DataFrame()

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(sorted(file.stem for file in (self.folder / "tables").glob("*.csv")))

    @property
    def gains(self) -> pd.DataFrame:
        return self.table("gains")

    @property
    def deciles(self) -> pd.DataFrame:
        return self.table("deciles")

    @property
    def calibration(self) -> pd.DataFrame:
        return self.table("calibration")

    @property
    def by_month(self) -> pd.DataFrame:
        return self.table("by_month")

    @property
    def importance(self) -> pd.DataFrame:
        return self.table("importance")

    @property
    def leaderboard(self) -> pd.DataFrame:
        return self.table("leaderboard")

    @property
    def scorecard(self) -> pd.DataFrame:
        return self.table("scorecard")

    @property
    def grades(self) -> pd.DataFrame:
        return self.table("grades")

    @property
    def plots(self) -> dict[str, Path]:
        return {file.stem: file for file in sorted((self.folder / "plots").glob("*.png"))}

    @property
    def files(self) -> dict[str, Path]:
        folders = (self.folder / name for name in ("report", "tables", "plots"))
        return {file.name: file for folder in folders for file in sorted(folder.iterdir())}


@dataclass(frozen=True)
class LiveModel:
    """The live version of a model and its passport."""

    version: int
    facts: Facts


@dataclass(frozen=True)
class Models:
    """The models of this home."""

    home: Home

    def list(self) -> builtins.list[ModelSummary]:
        """Every version, the newest first."""
        live = {name: registry.champion(self.home, name) for name in registry.names(self.home)}
        found = [
            ModelSummary(
                name=row.name,
                version=row.version,
                task=row.task,
                kind=row.kind,
                created_at=row.created_at,
                champion=live[row.name] == row.version,
                metrics=dict(self._facts(row.name, row.version).metrics),
                run_id=row.run_id,
                trained_by=row.trained_by,
            )
            for row in versions.list_versions(open_store(self.home))
        ]
        return sorted(found, key=lambda summary: summary.created_at, reverse=True)

    def resolve(self, text: str) -> ModelRef:
        """`NAME`, `NAME@3`, `NAME@champion`; a bare name is the champion, or the newest while there is none."""
        return registry.resolve(self.home, text)

    def load(self, ref: ModelRef) -> Artefact:
        return registry.load(self.home, ref)

    def champion(self, name: str) -> int | None:
        """The live version, by the ledger."""
        return registry.champion(self.home, name)

    def live(self, name: str) -> LiveModel | None:
        version = self.champion(name)
        return None if version is None else LiveModel(version, self._facts(name, version))

    def history(self, name: str) -> builtins.list[Any]:
        """The ledger's lines, the oldest first."""
        return registry.history(self.home, name)

    def report(self, name: str, version: int | None = None) -> Report:
        ref = self.resolve(name if version is None else f"{name}@{version}")
        return Report(ref.name, ref.version, ref.folder)

    def rollback(self, task: str, *, user: str, reason: str) -> dict[str, Any]:
        """The version before is live again; an approver's word is enough."""
        People(self.home).require(user, "approver")
        line = rollback(self.home, task.replace("/", "."), who=user, why=reason, at=datetime.now(UTC))
        return {"model": line.name, "version": line.version, "previous": line.previous_version}

    def export_scorecard(self, model: str, out: Path) -> dict[str, Any]:
        """Writes the card as points table, SQL, PMML and Excel into a folder."""
        from workbench.scorecard.export import export

        ref = self.resolve(model)
        card = self.load(ref).scorecard
        if card is None:
            raise DataError("WB-C20", f"{ref} has no scorecard.", hint="Train it again.")
        files = export(card, out)
        return {"model": ref.name, "version": ref.version, "files": [str(file) for file in files]}

    def _facts(self, name: str, version: int) -> Facts:
        return Facts.from_dict(read_json(self.home.models / name / str(version) / "artefact" / "facts.json"))
