"""Audiences: versioned, frozen lists of customers, each with the funnel that led to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.config import Home
from workbench.errors import DataError, UsageError, did_you_mean
from workbench.files import read_json, sha256, write_json
from workbench.registry.models import ModelRef, champion, check_name
from workbench.store import audiences, open_store
from workbench.store.audiences import AudienceRow, NewAudience
from workbench.store.people import find_user, require
from workbench.targeting.selection import Funnel, Selection, select_people

FORMAT = 1


@dataclass(frozen=True)
class AudienceRecord:
    """One version of a list. `new` is False where the same content was there already."""

    name: str
    version: int
    folder: Path
    built_by: str
    built_at: datetime
    manifest: dict[str, Any]
    new: bool = False

    @property
    def id(self) -> str:
        """`NAME@VERSION`, by which it is requested, shown and exported."""
        return f"{self.name}@{self.version}"

    @property
    def funnel(self) -> Funnel:
        return Funnel(**self.manifest["funnel"])

    def members(self) -> pd.DataFrame:
        """Everybody on the list, the held-out among them, best first. Raises DataError WB-A21 if the file was changed."""
        file = self.folder / "members.parquet"
        if not file.is_file() or sha256(file) != self.manifest["members_sha256"]:
            raise DataError(
                "WB-A21",
                f"the members of list {self.id} are no longer those that were frozen.",
                "Build the list again and have it approved.",
            )
        return pd.read_parquet(file)

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "new": self.new, **self.manifest}


@dataclass(frozen=True)
class AudienceRequest:
    """What a list is made from.

    `scored` has the key columns, `probability` and, if the model grades, `grade` and reasons. `as_of` is the day as of
    which it was scored. `filters` names what was applied before, such as consent. `salt` ties the hold-out: lists with
    the same salt hold out the same people; the default is the list's name.
    """

    name: str
    model: ModelRef
    scored: pd.DataFrame
    selection: Selection
    as_of: str
    holdout_share: float = 0.1
    exclusions: Sequence[object] = ()
    filters: Sequence[str] = ()
    entity: str | None = None
    salt: str | None = None


def build_audience(home: Home, request: AudienceRequest, *, who: str, at: datetime) -> AudienceRecord:
    """The list of this request, frozen under `lists/<name>/<version>/`.

    The same content asked twice is the same version (`new` is False). Content is who is on it, in which arm, with which
    score, grade and reasons; not who asked or when. Raises UsageError WB-A01/WB-A02 (who), WB-A13 to WB-A15 (what),
    DataError WB-A16 to WB-A18 (the scored rows).
    """
    store = open_store(home)
    require(find_user(store, who), "business", "modeler", "service")
    name = check_name(request.name)
    facts = read_json(request.model.artefact / "facts.json")
    entity = _entity(request, facts)
    salt = request.salt if request.salt is not None else name
    members, funnel = select_people(
        request.scored,
        request.selection,
        entity=entity,
        exclusions=request.exclusions,
        holdout_share=request.holdout_share,
        salt=salt,
    )

    def write(folder: Path, version: int) -> Mapping[str, Any]:
        members.to_parquet(folder / "members.parquet", index=False)
        manifest = {
            "format": FORMAT,
            "list": name,
            "version": version,
            **_origin(home, request, facts),
            "entity": entity,
            "asked": request.selection.as_dict(),
            "short_by": max(0, (request.selection.size or 0) - len(members)),
            "holdout_share": request.holdout_share,
            "holdout_salt": salt,
            "exclusions": len(set(map(str, request.exclusions))),
            "filters": list(request.filters),
            "funnel": funnel.as_dict(),
            "rows": funnel.final,
            "people": len(members),
            "grades": _grade_counts(members),
            "columns": [str(c) for c in members.columns],
            "members_sha256": sha256(folder / "members.parquet"),
            "built_by": who,
            "built_at": at.isoformat(),
        }
        write_json(folder / "manifest.json", manifest)
        return manifest

    new = NewAudience(name, _content(members), request.model.name, request.model.version, who, at, write)
    row, is_new = audiences.add_audience(store, new, lists=home.lists)
    return _record(home, row, new=is_new)


def find_audience(home: Home, text: str) -> AudienceRecord:
    """The list that `NAME` (its newest version) or `NAME@VERSION` means. Raises UsageError WB-A11, WB-A12."""
    name, at, version = text.partition("@")
    store = open_store(home)
    rows = audiences.list_audiences(store, name)
    if not rows:
        known = sorted({row.name for row in audiences.list_audiences(store)})
        raise UsageError("WB-A11", f"no list is called '{name}'.", did_you_mean(name, known))
    found = [row for row in rows if str(row.version) == version] if at else rows[-1:]
    if not found:
        listed = ", ".join(str(row.version) for row in rows)
        raise UsageError("WB-A12", f"list '{name}' has no version '{version}'.", f"Known versions: {listed}.")
    return _record(home, found[0])


def list_audiences(home: Home, name: str | None = None) -> list[AudienceRecord]:
    """All lists by name and version, or those of one name."""
    return [_record(home, row) for row in audiences.list_audiences(open_store(home), name)]


def changes(before: AudienceRecord, after: AudienceRecord) -> dict[str, int]:
    """How many people stayed, joined and left between two versions of a list."""
    old, new = (set(record.members()[record.manifest["entity"]].astype(str)) for record in (before, after))
    return {"stayed": len(old & new), "joined": len(new - old), "left": len(old - new)}


def _entity(request: AudienceRequest, facts: Mapping[str, Any]) -> str:
    entity = request.entity or facts.get("entity") or next(iter(facts.get("keys") or ()), None)
    if entity is None:
        raise UsageError(
            "WB-A13",
            f"nothing says which column of '{request.model.name}' names the customer.",
            "Train with --id COLUMN, or name the column for this list.",
        )
    return str(entity)


def _origin(home: Home, request: AudienceRequest, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Which model, card and day the list comes from."""
    ref = request.model
    card = ref.artefact / "scorecard.json"
    return {
        "model": ref.name,
        "model_version": ref.version,
        "model_is_champion": champion(home, ref.name) == ref.version,
        "task": facts["task"],
        "kind": facts["kind"],
        "event_class": facts["event_class"],
        "scorecard_version": f"{ref.version}-{sha256(card)[:12]}" if card.is_file() else None,
        "as_of": request.as_of,
    }


def _grade_counts(members: pd.DataFrame) -> dict[str, int]:
    if "grade" not in members.columns:
        return {}
    counts = members["grade"].astype(str).value_counts().sort_index()
    return {str(grade): int(n) for grade, n in counts.items()}


def _content(members: pd.DataFrame) -> str:
    """SHA-256 of the list as CSV text, numbers to ten digits: what differs beyond them came of adding up in another order."""
    text = members.to_csv(index=False, lineterminator="\n", float_format="%.10g")
    return hashlib.sha256(text.encode()).hexdigest()


def _record(home: Home, row: AudienceRow, *, new: bool = False) -> AudienceRecord:
    folder = home.lists / row.name / str(row.version)
    return AudienceRecord(row.name, row.version, folder, row.built_by, row.built_at, row.manifest, new)
