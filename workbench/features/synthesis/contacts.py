"""Entries over the label's own rows: what a contact says itself, and what in other tables belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.features.facts import TableFacts, reference
from workbench.features.glossary import noun_of, snake, things_of
from workbench.features.synthesis.entries import Group, Proposed, rows_of, short, title_of
from workbench.features.synthesis.rhythm import Rhythm
from workbench.tables.schema import TableSet


@dataclass(frozen=True)
class RowContext:
    """A label's own rows: the table they come from, its columns by their facts, the keys, and the cutoff's column."""

    table: TableFacts
    keys: tuple[str, ...]
    cutoff: str
    held_back: tuple[str, ...] = ()  # columns that decide the outcome
    dates: tuple[str, ...] = ()


def of_own_row(row: RowContext) -> Group:
    """What the contact itself says; whoever plans contacts knows it when they are made."""
    group = Group(
        [
            f"the label's own row of {row.table.table.name}",
            "Is each of these known on the day of the cutoff? If it is filled in later, take it out.",
        ]
    )
    for column in row.table.columns:
        if column.name in row.held_back:
            group.left_out.setdefault("decides the outcome", []).append(column.reference)
        elif column.role in ("number", "category"):
            name = f"row_{short(column)}"
            settings = {"row": column.reference, "noun": noun_of(column.name).as_dict()}
            group.entries.append(Proposed(name, settings, (name,), 0))
    for date in row.dates:
        name, noun = f"row_days_to_{snake(date)}", noun_of(date)
        span = f"days_between({reference(row.cutoff)}, {reference(date)})"
        say = {"en": f"days from the cutoff to the {noun.en}", "zh": f"从选择日到{noun.zh}的天数"}
        group.entries.append(Proposed(name, {"row": span, "say": say}, (name,), 0))
    return group


def of_described(tables: TableSet, table: TableFacts, row: RowContext) -> Group:
    """A table without the entity that shares a key with the label's rows, such as the coupons of a campaign."""
    shared = _shared(table, row)
    group = Group([f"{table.table.name}, matched on {', '.join(shared)}"])
    if not shared or table.table.key is not None:
        return Group([])
    name, add = snake(table.table.name), group.entries.append
    add(rows_of(f"{name}_here", table, ["count"], ["all"], title_of(table).as_dict(), 1, match=list(shared)))
    for column in table.columns:
        if column.name in shared or column.hop is not None:
            continue
        if column.role == "identifier":
            noun = things_of(column.name).as_dict()
            add(
                rows_of(
                    f"{name}_here_{short(column)}",
                    table,
                    ["distinct"],
                    ["all"],
                    noun,
                    1,
                    match=list(shared),
                    value=column.reference,
                )
            )
        elif column.role == "number":
            noun = noun_of(column.name).as_dict()
            add(
                rows_of(
                    f"{name}_here_{short(column)}",
                    table,
                    ["mean", "max"],
                    ["all"],
                    noun,
                    1,
                    match=list(shared),
                    value=column.reference,
                )
            )
    return group


def in_context(
    tables: TableSet,
    facts: Mapping[str, TableFacts],
    table: TableFacts,
    history: float,
    label_days: float | None,
    row: RowContext,
) -> Group:
    """Earlier rows that resemble this contact, and those that belong to what it offers."""
    rhythm = Rhythm.of(table.gap_days, history, label_days)
    name, title = snake(table.table.name), title_of(table)
    group = Group([f"{table.table.name}, as far as it belongs to this row"])
    mine = {c.name for c in row.table.of("category")}
    alike = [c.name for c in table.columns if c.hop is None and c.by_type == "category" and c.name in mine]
    for column in alike:
        noun = noun_of(column)
        words = {"en": f"{title.en} with the same {noun.en}", "zh": f"{noun.zh}相同的{title.zh}"}
        group.entries.append(
            rows_of(
                f"{name}_same_{snake(column)}",
                table,
                ["count", "days_since_last"],
                ["all"],
                words,
                1,
                match=[column],
            )
        )
    for other in facts.values():
        shared = _shared(other, row)
        if other.has_entity or not shared or other.table.key is not None:
            continue
        keys = {k for t in tables.tables.values() for k in t.unique}
        own = {c.name for c in table.columns if c.hop is None}
        links = [
            c.name for c in other.columns if c.hop is None and c.name in own & keys and c.name not in shared
        ]
        if not links:
            continue
        offered = title_of(other)
        words = {
            "en": f"{title.en} that belong to this row's {offered.en}",
            "zh": f"属于本次{offered.zh}的{title.zh}",
        }
        via: dict[str, Any] = {"via": [other.table.name], "match": list(shared)}
        windows = list(dict.fromkeys([f"{rhythm.middle}d", "all"]))
        entry = f"{name}_of_{snake(other.table.name)}"
        group.entries.append(rows_of(entry, table, ["count"], windows, words, 0, **via))
        group.entries.append(rows_of(f"{entry}_when", table, ["days_since_last"], ["all"], words, 1, **via))
        for column in (c for c in table.of("number") if c.hop is None):
            noun = noun_of(column.name)
            of = {"en": f"{noun.en} of {words['en']}", "zh": f"{words['zh']}{noun.zh}"}
            group.entries.append(
                rows_of(
                    f"{entry}_{short(column)}", table, ["sum"], windows, of, 1, value=column.reference, **via
                )
            )
    return group


def _shared(table: TableFacts, row: RowContext) -> tuple[str, ...]:
    """Key columns of the label's rows that the table has as well."""
    own = {c.name for c in table.columns if c.hop is None}
    return tuple(k for k in row.keys if k in own)
