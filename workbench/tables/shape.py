"""From a source as found to the table as declared: stated types, partition values, and wide months turned long.

One query of standard SQL over the source, so that nothing is copied and every engine can run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.options import ReadOptions, Unpivot
from workbench.tables.trees import column, named
from workbench.tables.types import Reading
from workbench.tables.words import CompactDate, ZonedMoment

_TEXT = ("VARCHAR", "TEXT", "STRING", "CHAR", "BPCHAR", "ENUM")
_WHOLE = ("BIGINT", "INT", "SMALLINT", "TINYINT", "HUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UTINYINT")
_FRACTION = ("DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC")


def shaped(
    found: str,
    columns: Mapping[str, str],
    *,
    table: str,
    options: ReadOptions,
    partitions: Mapping[str, Reading],
    stated: bool,
) -> exp.Query:
    """The query over the relation `found` (column -> SQL type) that gives the table as tables.yaml declares it.

    `partitions` says how the values of partition folders, which are text, are to be read. `stated` says that the
    source states its own types (Parquet), so that `types:` and time zones are still to be applied.

    Raises WB-T12 where `types:` or `unpivot:` names a column that is not there, WB-T70 where the columns of one value
    hold different things.
    """
    renamed = options.rename if stated else {}  # what is read as cells is renamed there
    refuse_unknown(renamed, columns, table, "rename")
    if stated:
        refuse_unknown(options.types, dict.fromkeys(options.renamed(columns)), table, "types")
    chosen: dict[str, exp.Expr] = {}
    types: dict[str, str] = {}
    own = [c for c in columns if c not in partitions]
    in_order = [*own, *(p for p in partitions if p in columns)]  # engines order partitions as they like
    for name in dict.fromkeys(renamed.get(c, c) for c in in_order):
        # files of other years have the column under another name, and nothing under this one
        written = [c for c in columns if renamed.get(c, c) == name]
        value, sql_type = _first_of(written, columns)
        chosen[name], types[name] = _as_declared(name, value, sql_type, options, partitions, stated=stated)
    if options.unpivot is None:
        return exp.select(*(exp.alias_(e, n, quoted=True) for n, e in chosen.items())).from_(named(found))
    return _long(found, chosen, types, options.unpivot, table)


def refuse_unknown(
    names: Mapping[str, object], columns: Mapping[str, object], table: str, setting: str
) -> None:
    """WB-T12 for a name in a setting that is no column."""
    for name in names:
        if name not in columns:
            raise DefinitionError(
                "WB-T12",
                f"table '{table}' has no column '{name}', which `{setting}:` names.",
                did_you_mean(name, columns, shown=40),
            )


def _cast(value: exp.Expr, sql_type: str) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build(sql_type))


def _first_of(names: list[str], columns: Mapping[str, str]) -> tuple[exp.Expr, str]:
    """The value under whichever of the names it has; as text where they hold different things."""
    if len(names) == 1:
        return column(names[0]), columns[names[0]]
    same = len({_kind(columns[n]) for n in names}) == 1
    values = [column(n) if same else _cast(column(n), "varchar") for n in names]
    return exp.Coalesce(this=values[0], expressions=values[1:]), columns[names[0]] if same else "VARCHAR"


def _as_declared(
    name: str,
    value: exp.Expr,
    sql_type: str,
    options: ReadOptions,
    partitions: Mapping[str, Reading],
    *,
    stated: bool,
) -> tuple[exp.Expr, str]:
    kind = options.types.get(name) if stated else None
    if kind is None and name in partitions:
        return _partition_value(value, partitions[name])
    upper = sql_type.upper()
    if upper.startswith("TIMESTAMP") and ("WITH TIME ZONE" in upper or "TZ" in upper):
        # without a stated zone the engine's session would decide, and with it the machine
        zone = exp.Literal.string(options.time_zone or "UTC")
        value, sql_type = exp.AtTimeZone(this=value, zone=zone), "TIMESTAMP"
    if kind == "text":
        return (value, sql_type) if _kind(sql_type) == "text" else (_cast(value, "varchar"), "VARCHAR")
    if kind == "number" and _kind(sql_type) != "numbers":
        return _number(value), "DOUBLE"
    if kind == "date" and _kind(sql_type) != "moments":
        return _moment(value, options.time_zone or "UTC"), "TIMESTAMP"
    return value, sql_type


def _number(value: exp.Expr) -> exp.Expr:
    """Text as a number, NULL where it is none; not every engine has a cast that tries."""
    text = _cast(value, "varchar")
    written = exp.Literal.string("^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$")
    number = exp.Cast(this=text.copy(), to=exp.DataType.build("double"))
    return exp.case().when(exp.RegexpLike(this=text, expression=written), number)


def _moment(value: exp.Expr, zone: str) -> exp.Expr:
    """Text or an eight-digit number as a moment, one that names its zone as one of `zone`; NULL where it is none."""
    text = _cast(value, "varchar")
    target = exp.DataType.build("timestamp")
    told = exp.AtTimeZone(this=ZonedMoment(this=text.copy()), zone=exp.Literal.string(zone))
    plain = exp.Coalesce(
        this=exp.TryCast(this=text.copy(), to=target), expressions=[CompactDate(this=text.copy())]
    )
    return exp.case().when(says_its_zone(text), _cast(told, "timestamp")).else_(plain)


def says_its_zone(text: exp.Expr) -> exp.Expr:
    """Whether a moment written as text ends with its time zone: Z, UTC, +08:00."""
    end = "[0-9]([Zz]| UTC)$|:[0-9][0-9]([.][0-9]+)? ?[+-][0-9][0-9]:?[0-9][0-9]$"
    return exp.RegexpLike(this=text.copy(), expression=exp.Literal.string(end))


def _dashed(text: exp.Expr) -> exp.Expr:
    """20250131 as 2025-01-31."""

    def piece(start: int, length: int) -> exp.Expr:
        return exp.Substring(
            this=text.copy(), start=exp.Literal.number(start), length=exp.Literal.number(length)
        )

    dash = exp.Literal.string("-")
    year_month = exp.DPipe(this=exp.DPipe(this=piece(1, 4), expression=dash), expression=piece(5, 2))
    return exp.DPipe(this=exp.DPipe(this=year_month, expression=dash.copy()), expression=piece(7, 2))


def _partition_value(value: exp.Expr, reading: Reading) -> tuple[exp.Expr, str]:
    if reading.type == "number":
        return (
            (_cast(value, "bigint"), "BIGINT") if reading.form == "" else (_cast(value, "double"), "DOUBLE")
        )
    written = {
        "%Y-%m-%d": value,
        "%Y-%m": exp.DPipe(this=value, expression=exp.Literal.string("-01")),
        "%Y%m%d": _dashed(value),
    }
    if reading.type == "date" and reading.form in written:
        return _cast(written[reading.form].copy(), "date"), "DATE"
    return value, "VARCHAR"


def partition_reading(values: pd.Series) -> Reading:
    """How the values of a partition folder are read: whole numbers, dates (a month is its first day), else text.

    Leading zeros name things and stay; so do more than 15 digits. dt=20250131 is a date however few there are.
    """
    present = values.dropna().astype("str")
    for form, shape in (
        ("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}"),
        ("%Y-%m", r"\d{4}-\d{2}"),
        ("%Y%m%d", r"(?:19|20|21)\d{6}"),
    ):
        if len(present) and present.str.fullmatch(shape).all():
            read = pd.to_datetime(present, format=form, errors="coerce")
            return Reading("date", form) if read.notna().all() else Reading("category")
    if len(present) and present.str.fullmatch(r"0|-?[1-9]\d{0,14}").all():
        return Reading("number")
    return Reading("category")


def _long(
    found: str, chosen: Mapping[str, exp.Expr], types: Mapping[str, str], spec: Unpivot, table: str
) -> exp.Query:
    kept = tuple(c for c in chosen if c not in spec.spread) if spec.keep is None else spec.keep
    refuse_unknown(dict.fromkeys((*kept, *spec.spread)), chosen, table, "unpivot")
    clash = next((n for n in (spec.time, *spec.values) if n in kept), None)
    if clash is not None:
        raise DefinitionError(
            "WB-T02",
            f"table '{table}': its long form would have two columns '{clash}'.",
            "Call the value otherwise, or name the columns to `keep:` without it.",
        )
    targets = {value: _common(value, spec, types, table) for value in spec.values}
    months = [
        _one_moment(found, chosen, kept, spec, moment, row, targets) for moment, row in spec.rows.items()
    ]
    query: exp.Query = months[0]
    for month in months[1:]:
        query = exp.Union(this=query, expression=month, distinct=False)
    return query


def _one_moment(
    found: str,
    chosen: Mapping[str, exp.Expr],
    kept: tuple[str, ...],
    spec: Unpivot,
    moment: datetime | str,
    row: Mapping[str, str | None],
    targets: Mapping[str, str],
) -> exp.Select:
    at: exp.Expr = exp.Literal.string(str(moment))
    if isinstance(moment, datetime):
        at = _cast(exp.Literal.string(moment.isoformat(sep=" ")), "timestamp")
    values = [
        exp.alias_(_cast(exp.Null() if c is None else chosen[c].copy(), targets[v]), v, quoted=True)
        for v, c in row.items()
    ]
    present = [exp.Is(this=chosen[c].copy(), expression=exp.Null()) for c in row.values() if c is not None]
    query = exp.select(
        *(exp.alias_(chosen[c].copy(), c, quoted=True) for c in kept),
        exp.alias_(at, spec.time, quoted=True),
        *values,
    ).from_(named(found))
    return query.where(exp.not_(exp.and_(*present)))  # of a client who was not there yet


def _kind(sql_type: str) -> str:
    upper = sql_type.upper()
    if upper.startswith(_TEXT):
        return "text"
    if upper.startswith("INTERVAL"):
        return upper
    if upper.startswith((*_WHOLE, *_FRACTION)):
        return "numbers"
    if upper.startswith(("TIMESTAMP", "DATE")):
        return "moments"
    if upper.startswith("BOOL"):
        return "truth values"
    return upper


def _common(value: str, spec: Unpivot, types: Mapping[str, str], table: str) -> str:
    """The one SQL type of a value's columns. Raises WB-T70 where some hold text and others numbers."""
    own = {row[value]: types[row[value] or ""] for row in spec.rows.values() if row[value] is not None}
    kinds = {c: _kind(t) for c, t in own.items()}
    if len(set(own.values())) == 1:
        return next(iter(own.values()))
    first = next(iter(kinds))
    other = next((c for c in kinds if kinds[c] != kinds[first]), None)
    if other is not None:
        raise DefinitionError(
            "WB-T70",
            f"table '{table}': the columns of '{value}' hold different things: '{first}' {kinds[first]}, '{other}' {kinds[other]}.",
            f"State what they hold: `types: {{{first}: text, {other}: text}}`, or number, or date.",
        )
    if kinds[first] == "numbers":
        return "BIGINT" if all(t.upper().startswith(_WHOLE) for t in own.values()) else "DOUBLE"
    return {"text": "VARCHAR", "moments": "TIMESTAMP"}.get(kinds[first], next(iter(own.values())))
