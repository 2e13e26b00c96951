"""Target lists: who is on them, how they came about, and how they leave."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from workbench.config import Home
from workbench.service.people import People
from workbench.service.scores import Scores
from workbench.store import approvals, open_store
from workbench.targeting.audience import (
    AudienceRecord,
    AudienceRequest,
    build_audience,
    find_audience,
    list_audiences,
)
from workbench.targeting.export import export_list
from workbench.targeting.selection import Selection

MAY_BUILD = ("business", "modeler", "service")


@dataclass(frozen=True)
class ListRequest:
    """Who is to be on a list. Customers come from `cutoff` (a dataset's own, as of a date) or from `file`."""

    model: str
    user: str
    cutoff: str | None = None
    file: Path | None = None
    size: int | None = None
    share: float | None = None
    order: Literal["highest", "lowest"] = (
        "highest"  # from the likeliest down, or from the least likely (safest) up
    )
    grades: tuple[str, ...] | None = None
    holdout_share: float = 0.1
    exclusions: tuple[str, ...] = ()
    exclude_file: Path | None = None
    name: str | None = None


@dataclass(frozen=True)
class TargetList:
    """One version of a list and where it stands: draft, waiting, approved or rejected."""

    record: AudienceRecord
    state: str
    approval: str | None

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def version(self) -> int:
        return self.record.version

    @property
    def rows(self) -> int:
        """Customers to contact; the held-out are not among them."""
        return int(self.record.manifest["rows"])

    @property
    def funnel(self) -> dict[str, int]:
        return dict(self.record.manifest["funnel"])

    @property
    def manifest(self) -> dict[str, Any]:
        return self.record.manifest

    def as_dict(self) -> dict[str, Any]:
        return {**self.record.as_dict(), "state": self.state, "approval": self.approval}


@dataclass(frozen=True)
class Lists:
    """The lists of this home."""

    home: Home

    def build(self, request: ListRequest) -> TargetList:
        """Freezes a list; the same content asked for twice is the same version."""
        People(self.home).require(request.user, *MAY_BUILD)
        asked = Scores(self.home).ask(request.model, cutoff=request.cutoff, file=request.file)
        ref, facts = asked.ref, asked.artefact.facts
        scored = asked.scored(reasons=_reasons_for(request, len(asked.features)))
        record = build_audience(
            self.home,
            AudienceRequest(
                name=request.name or f"{ref.name}.list",
                model=ref,
                scored=scored,
                selection=Selection(
                    size=request.size,
                    share=request.share,
                    grades=request.grades or (),
                    order=request.order,
                ),
                as_of=request.cutoff or Path(str(request.file)).name,
                holdout_share=request.holdout_share,
                exclusions=[*request.exclusions, *_first_column(request.exclude_file)],
                entity=facts.entity or _entity(facts.keys, scored),
            ),
            who=request.user,
            at=datetime.now(UTC),
        )
        return self._standing(record)

    def list(self) -> builtins.list[TargetList]:
        """Every list, the newest first."""
        found = [self._standing(record) for record in list_audiences(self.home)]
        return sorted(found, key=lambda item: item.record.built_at, reverse=True)

    def get(self, list_id: str) -> TargetList:
        return self._standing(find_audience(self.home, list_id.removeprefix("list:")))

    def members(self, list_id: str) -> pd.DataFrame:
        """Everybody on a list, best first, the held-out among them."""
        return find_audience(self.home, list_id.removeprefix("list:")).members()

    def request(self, list_id: str, user: str, note: str = "") -> Any:
        """Asks for a list's release."""
        from workbench.service.approvals import Approvals

        return Approvals(self.home).request(f"list:{list_id.removeprefix('list:')}", user=user, note=note)

    def export(self, list_id: str, *, user: str, out: Path, file_format: str | None = None) -> dict[str, Any]:
        """The approved list as a file with its manifest."""
        People(self.home).require(user, *MAY_BUILD, "approver")
        left = export_list(
            self.home,
            list_id.removeprefix("list:"),
            out=Path(out),
            who=user,
            at=datetime.now(UTC),
            file_format=file_format,
        )
        return {**left.as_dict(), "rows": left.rows}

    def _standing(self, record: AudienceRecord) -> TargetList:
        asked = approvals.of_subject(open_store(self.home), "list", record.name, record.version)
        return TargetList(record, asked.status if asked else "draft", str(asked.id) if asked else None)


def _reasons_for(request: ListRequest, rows: int) -> str:
    """Reasons why somebody is on the list, for about as many as it takes; the least likely need none."""
    if request.order == "lowest":
        return "none"
    if request.size is None and request.share is None:
        return "all"
    wanted = request.size if request.size is not None else int(rows * float(request.share or 0)) + 1
    return "all" if request.grades or request.exclusions or request.exclude_file else f"top:{max(1, wanted)}"


def _entity(keys: tuple[str, ...], scored: pd.DataFrame) -> str:
    return keys[0] if keys else str(scored.columns[0])


def _first_column(file: Path | None) -> builtins.list[str]:
    """The first column of an exclusion file, as text."""
    if file is None:
        return []
    from workbench.tables.read import read_table

    table = read_table(Path(file)).frame
    return table.iloc[:, 0].dropna().astype(str).tolist()
