"""One proposed entry of features.yaml, and the small words that all of them are made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.features.facts import ColumnFacts, TableFacts
from workbench.features.glossary import noun_of, snake, things_of
from workbench.features.levels import OTHER, slug_of
from workbench.text import Text


@dataclass(frozen=True)
class Proposed:
    """One entry: its settings, a comment above it, how many columns it makes, and how soon it is given up (0: last)."""

    name: str
    settings: dict[str, Any]
    columns: tuple[str, ...]
    tier: int
    comment: str = ""


@dataclass
class Group:
    """The entries of one table, with a heading and what was left out."""

    heading: list[str]
    entries: list[Proposed] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)


def noun_in(column: ColumnFacts, table: TableFacts, *, several: bool) -> dict[str, str]:
    """`sales value`, or `sales value (basket lines)` where other tables may have one too."""
    noun = things_of(column.name) if column.role == "identifier" else noun_of(column.name)
    if not several or column.hop is not None:
        return noun.as_dict()
    title = title_of(table)
    return {"en": f"{noun.en} ({title.en})", "zh": f"{noun.zh}（{title.zh}）"}


def title_of(table: TableFacts) -> Text:
    return table.table.title or noun_of(table.table.name)


def _columns(name: str, aggregates: Sequence[str], windows: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{name}_{a}_{w}" for w in windows for a in aggregates)


def rows_of(
    name: str,
    table: TableFacts,
    aggregate: list[str],
    windows: list[str],
    noun: dict[str, str],
    tier: int,
    comment: str = "",
    **settings: Any,
) -> Proposed:
    written = {"from": table.table.name, **{k: v for k, v in settings.items() if v is not None}}
    written |= {"aggregate": aggregate, "windows": windows, "noun": noun}
    made = aggregate
    if "levels" in settings:
        slugs = [
            *(
                settings["levels"]
                if isinstance(settings["levels"], dict)
                else map(slug_of, settings["levels"])
            )
        ]
        slugs += [OTHER] if settings.get("other") else []
        made = [f"{a}_{s}" for a in aggregate for s in slugs]
    return Proposed(name, written, _columns(name, made, windows), tier, comment)


def change_of(name: str, now: str, before: str) -> Proposed:
    return Proposed(name, {"change": [now, before]}, (name,), 1)


def short(column: ColumnFacts) -> str:
    return snake(column.name)


def leave_out(group: Group, column: ColumnFacts) -> None:
    reason = column.reason or f"{'an' if column.role[0] in 'aeiou' else 'a'} {column.role} by a hop"
    if reason not in ("the entity or the time itself",):
        group.left_out.setdefault(reason, []).append(column.reference)
