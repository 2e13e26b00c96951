"""Whether a label may use what its features read: `allowed_for` of tables and columns against the label's purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workbench.dataset.catalog import Dataset
from workbench.dataset.lineage import Read, feature_lineage, label_lineage
from workbench.errors import DefinitionError
from workbench.labels.definition import LabelDefinition
from workbench.labels.purposes import Purpose, purpose_of
from workbench.tables.checks import Finding

_NAMED = 5  # features named in a message; the rest are counted


def forbidden_reads(dataset: Dataset, label: LabelDefinition) -> list[Finding]:
    """WB-T30 for every column that the label reaches and must not, with the way there; empty if all is allowed."""
    purpose = purpose_of(label, dataset.tables)
    reached: dict[str, list[tuple[str, Read]]] = {}
    for read in label_lineage(dataset, label):
        if not _allowed(read, purpose):
            reached.setdefault(read.place, []).append((f"label '{label.name}'", read))
    for column, reads in feature_lineage(dataset, label).items():
        for read in reads:
            if not _allowed(read, purpose):
                reached.setdefault(read.place, []).append((column, read))
    return [_finding(dataset, label, purpose, place, found) for place, found in reached.items()]


def stop_if_forbidden(dataset: Dataset, label: LabelDefinition) -> None:
    """Raises DefinitionError WB-T30, before any data is read, for the first column that the label must not reach."""
    found = forbidden_reads(dataset, label)
    if found:
        more = f" {len(found) - 1} more columns are reached as well." if len(found) > 1 else ""
        raise DefinitionError(found[0].code, found[0].message + more, found[0].hint)


def _allowed(read: Read, purpose: Purpose) -> bool:
    return all(purpose.allowed_by(limit) for limit in read.limits)


def _finding(
    dataset: Dataset, label: LabelDefinition, purpose: Purpose, place: str, found: list[tuple[str, Read]]
) -> Finding:
    who, read = min(found, key=lambda f: len(f[1].way))
    limit = next(a for a in read.limits if not purpose.allowed_by(a))
    own = who.startswith("label")
    path = f"{who} -> {read.path}" if own else f"feature {read.path}"
    owner = _owner(dataset, read, limit)
    twin = "" if owner == read.table else f" (in '{owner}', the same file)"
    mend = "Ask the label's question without it" if own else "Keep the feature from this label (`for: [...]`)"
    return Finding(
        "WB-T30",
        "stop",
        read.table,
        read.column,
        f"label '{label.name}' is for {purpose}, but {place} is allowed for {', '.join(limit)} only{twin}: {path}"
        f"{_further(who, (w for w, _ in found))}.",
        f"{mend}, or have the owner of '{owner}' allow {purpose.name} in tables.yaml.",
        len(found),
    )


def _owner(dataset: Dataset, read: Read, limit: tuple[str, ...]) -> str:
    """The table that says so: where the read table inherited it, another one of the same file."""
    table = None if read.dataset else dataset.tables.tables.get(read.table)
    if table is None or limit in replace(table, inherited=()).limits_of(read.column):
        return read.table
    return next(
        (i.of for i in table.inherited if i.allowed_for == limit and i.column in (None, read.column)),
        read.table,
    )


def _further(first: str, all_of_them: Iterable[str]) -> str:
    others = [w for w in dict.fromkeys(all_of_them) if w != first]
    if not others:
        return ""
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return f" (so do {', '.join(others[:_NAMED])}{more})"
