"""Frozen levels: the values of a column that a definition counts one by one, each a column of its own.

They stand in the YAML file and never follow the data: a level that dies out stays a column, a new one is counted in
`other` at most.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.features.aggregations.contract import Aggregation, Rows, double, number, share

Value = str | float
OTHER = "other"
_MOST = 200
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Level:
    """One frozen level: the values that count as it, and its name in a column.

    >>> Level.of("FROZEN GROCERY").slug, Level.of("生鲜/水果").slug, Level.of("A&B - c").slug
    ('frozen_grocery', '生鲜_水果', 'a_b_c')
    """

    slug: str
    values: tuple[Value, ...]

    @classmethod
    def of(cls, value: Value) -> Level:
        return cls(slug_of(value), (value,))

    @property
    def spoken(self) -> str:
        return ", ".join(_shown(v) for v in self.values)

    def test(self, value: exp.Expr) -> exp.Expr:
        """Whether a row's value is of this level."""
        return one_of(value, self.values)


def slug_of(value: Value) -> str:
    """The level's name in a column: lower case, letters and digits of any script, `_` for all else."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _shown(value)).casefold())
    return re.sub(r"\W+|_+", "_", text).strip("_")[:_LONGEST_NAME].strip("_")


def one_of(value: exp.Expr, values: tuple[Value, ...]) -> exp.Expr:
    literals = [exp.Literal.string(v) if isinstance(v, str) else number(v) for v in values]
    if len(literals) == 1:
        return exp.EQ(this=value.copy(), expression=literals[0])
    return exp.In(this=value.copy(), expressions=literals)


@dataclass(frozen=True)
class _OfLevel(Aggregation):
    """An aggregation of one level; `others` are the values that a level called `other` leaves out."""

    level: Level
    others: tuple[Value, ...] = ()

    written_as = ""
    gives = "number"

    @property
    def name(self) -> str:  # ty: ignore[incompatible-property-override]
        return f"{self.written_as}_{self.level.slug}"

    @property
    def needs(self) -> str:  # ty: ignore[incompatible-property-override]
        numbers = all(not isinstance(v, str) for v in (*self.level.values, *self.others))
        return "number" if numbers else "text"

    def hits(self, rows: Rows) -> exp.Expr:
        """1 for a row of the level, 0 for another, nothing where the value is missing."""
        inside = exp.not_(one_of(rows.value, self.others)) if self.others else self.level.test(rows.value)
        filled = exp.not_(exp.Is(this=rows.value.copy(), expression=exp.Null()))
        return double(
            exp.Case(ifs=[exp.If(this=inside, true=number(1.0)), exp.If(this=filled, true=number(0.0))])
        )


@dataclass(frozen=True)
class LevelCount(_OfLevel):
    """How many rows are of the level."""

    written_as = "count"
    empty = 0.0

    @property
    def word(self) -> tuple[str, str]:  # ty: ignore[incompatible-property-override]
        return (
            (f"number of “{self.level.spoken}” among", f"为“{self.level.spoken}”的次数")
            if not self.others
            else ("number of any other among", "为其他值的次数")
        )

    @property
    def en(self) -> str:  # ty: ignore[incompatible-property-override]
        what = "any other" if self.others else f"“{self.level.spoken}”"
        return f"number of rows {{when}} with {what} as {{noun}}"

    @property
    def zh(self) -> str:  # ty: ignore[incompatible-property-override]
        what = "其他值" if self.others else f"“{self.level.spoken}”"
        return f"{{when}}{{noun}}为{what}的次数"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Sum(this=self.hits(rows)))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (self.sql(rows),)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return rows.only(exp.Sum(this=parts[0].copy()))


@dataclass(frozen=True)
class LevelShare(_OfLevel):
    """Which share of the rows with a value is of the level."""

    written_as = "share"

    @property
    def word(self) -> tuple[str, str]:  # ty: ignore[incompatible-property-override]
        return (
            (f"share of “{self.level.spoken}” among", f"为“{self.level.spoken}”的占比")
            if not self.others
            else ("share of any other among", "为其他值的占比")
        )

    @property
    def en(self) -> str:  # ty: ignore[incompatible-property-override]
        what = "any other" if self.others else f"“{self.level.spoken}”"
        return f"share of rows {{when}} with {what} as {{noun}}"

    @property
    def zh(self) -> str:  # ty: ignore[incompatible-property-override]
        what = "其他值" if self.others else f"“{self.level.spoken}”"
        return f"{{when}}{{noun}}为{what}的占比"

    def sql(self, rows: Rows) -> exp.Expr:
        return share(*self.parts(rows))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return rows.only(exp.Sum(this=self.hits(rows))), rows.only(exp.Count(this=rows.value.copy()))

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        hits, filled = (rows.only(exp.Sum(this=p.copy())) for p in parts)
        return share(hits, filled)


PER_LEVEL: dict[str, type[_OfLevel]] = {"count": LevelCount, "share": LevelShare}
"""Aggregations that `levels:` makes one column per level of."""


def parse_levels(written: object, where: str) -> tuple[Level, ...]:
    """From `[GROCERY, MEAT]`, or `{meat: [MEAT, MEAT-PCKGD], grocery: GROCERY}` with names and groups of one's own.

    Raises WB-F30 for an empty list, a value that is neither text nor number, or two levels of one name.
    """
    if isinstance(written, dict):
        levels = [_named(str(slug), values, where) for slug, values in written.items()]
    elif isinstance(written, list):
        levels = [Level.of(_value(v, where)) for v in written]
    else:
        levels = []
    if not levels:
        raise DefinitionError("WB-F30", f"{where}: `levels` names none.", "Write levels: [GROCERY, MEAT].")
    if len(levels) > _MOST:
        raise DefinitionError(
            "WB-F30",
            f"{where}: {len(levels)} levels would make as many columns; at most {_MOST} are allowed.",
            "Keep the most frequent ones, and the rest as `other: true`.",
        )
    slugs: dict[str, Level] = {}
    taken: dict[Value, str] = {}
    for level in levels:
        if not level.slug or level.slug == OTHER:
            raise DefinitionError(
                "WB-F30",
                f"{where}: the level {level.spoken!r} makes no column name of its own.",
                "Name it: levels: {its_name: the value}.",
            )
        if level.slug in slugs:
            raise DefinitionError(
                "WB-F30",
                f"{where}: the levels {slugs[level.slug].spoken!r} and {level.spoken!r} would both be called '{level.slug}'.",
                "Name them: levels: {one_name: first value, another_name: second value}.",
            )
        slugs[level.slug] = level
        for value in level.values:
            if value in taken:
                raise DefinitionError(
                    "WB-F30",
                    f"{where}: {_shown(value)!r} belongs to '{taken[value]}' and to '{level.slug}'.",
                    "Leave it in one of them.",
                )
            taken[value] = level.slug
    if len({isinstance(v, str) for v in taken}) > 1:
        raise DefinitionError(
            "WB-F30",
            f"{where}: some levels are texts and some are numbers or yes/no.",
            "Put those that are meant as texts in quotes: levels: ['01', 'NO'].",
        )
    return tuple(levels)


def written_levels(levels: tuple[Level, ...]) -> Any:
    """What reads back to these levels: a list where the names follow from the values."""
    if all(len(x.values) == 1 and x.slug == slug_of(x.values[0]) for x in levels):
        return [_plain(x.values[0]) for x in levels]
    return {
        x.slug: _plain(x.values[0]) if len(x.values) == 1 else [_plain(v) for v in x.values] for x in levels
    }


def per_level(aggregate: str, levels: tuple[Level, ...], *, other: bool) -> tuple[Aggregation, ...]:
    """`count` or `share` of every level, and of everything else as `other` if that is wanted."""
    build = PER_LEVEL[aggregate]
    made: list[Aggregation] = [build(level) for level in levels]
    if other:
        made.append(build(Level(OTHER, ()), tuple(v for x in levels for v in x.values)))
    return tuple(made)


def _named(slug: str, written: object, where: str) -> Level:
    values = written if isinstance(written, list) else [written]
    if not slug.replace("_", "a").isalnum() or slug != slug.casefold() or not values:
        raise DefinitionError(
            "WB-F30",
            f"{where}: a level cannot be called '{slug}'.",
            "Use lower-case letters, digits and _, and name its value or values.",
        )
    return Level(slug, tuple(_value(v, where) for v in values))


def _value(value: object, where: str) -> Value:
    if isinstance(value, bool | int | float) and abs(value) < 2**53:
        return float(value)
    if isinstance(value, str) and value.strip() == value and value and len(value) <= 500:
        return value
    raise DefinitionError(
        "WB-F30",
        f"{where}: {value!r} cannot be a level.",
        "A level is a text or a number: levels: [GROCERY, MEAT].",
    )


def _plain(value: Value) -> str | int | float:
    return int(value) if isinstance(value, float) and value == int(value) else value


def _shown(value: Value) -> str:
    return str(_plain(value))
