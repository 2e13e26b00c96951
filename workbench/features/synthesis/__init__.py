"""Definitions proposed from what is known of the tables: plain entries of features.yaml, for a person to edit."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.features.facts import TableFacts
from workbench.features.synthesis.contacts import RowContext, in_context, of_described, of_own_row
from workbench.features.synthesis.customers import of_attributes, of_events, of_untimed
from workbench.features.synthesis.entries import Group, Proposed
from workbench.tables.schema import TableSet

__all__ = ["Group", "Proposed", "RowContext", "propose"]


def propose(
    tables: TableSet,
    facts: Mapping[str, TableFacts],
    *,
    history_days: float,
    label_days: float | None = None,
    row: RowContext | None = None,
    most: int | None = None,
) -> list[Group]:
    """Entries by table, in the order of tables.yaml; with `most` the least telling ones are given up beyond so many columns."""
    groups: list[Group] = []
    several = sum(1 for f in facts.values() if f.table.event_time is not None and f.has_entity) > 1
    for name, table in facts.items():
        if tables.consent is not None and tables.consent.table == name:
            continue
        if row is not None and name == row.table.table.name:
            groups.append(of_own_row(row))
        if not table.has_entity:
            if row is not None:
                groups.append(of_described(tables, table, row))
            continue
        if table.table.event_time is not None:
            groups.append(of_events(table, history_days, label_days, several=several))
            if row is not None and name != row.table.table.name:
                groups.append(in_context(tables, facts, table, history_days, label_days, row))
        elif table.one_row_each:
            groups.append(of_attributes(table))
        else:
            groups.append(of_untimed(table, several=several))
    groups = [g for g in groups if g.entries or g.left_out]
    _unique(groups)
    if most is not None:
        _trim(groups, most)
    return groups


def _unique(groups: list[Group]) -> None:
    """Later entries of a name that is taken get a number; what reads them is told."""
    taken: set[str] = set()
    for group in groups:
        renamed: dict[str, str] = {}
        for place, entry in enumerate(group.entries):
            name, number = entry.name, 2
            while name in taken or any(c.replace(entry.name, name, 1) in taken for c in entry.columns):
                name, number = f"{entry.name}_{number}", number + 1
            columns = tuple(c.replace(entry.name, name, 1) for c in entry.columns)
            renamed |= dict(zip(entry.columns, columns, strict=True))
            settings = {
                k: [renamed.get(o, o) for o in v] if k in ("ratio", "change") else v
                for k, v in entry.settings.items()
            }
            group.entries[place] = Proposed(name, settings, columns, entry.tier, entry.comment)
            taken |= {name, *columns}


def _trim(groups: list[Group], most: int) -> None:
    """Give up whole entries, the last of the highest tier first, and what reads them."""
    ranked = sorted((e for g in groups for e in g.entries), key=lambda e: e.tier)
    kept: set[str] = set()
    made: set[str] = set()
    room = most
    for _ in range(2):  # a ratio may stand before what it reads
        for entry in ranked:
            reads = entry.settings.get("ratio") or entry.settings.get("change") or []
            if entry.name not in kept and len(entry.columns) <= room and made.issuperset(reads):
                kept.add(entry.name)
                made |= set(entry.columns)
                room -= len(entry.columns)
    for group in groups:
        group.entries = [e for e in group.entries if e.name in kept]
