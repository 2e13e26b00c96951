"""Conditions and values that a definition writes, parsed to a checked tree.

The text is parsed, every node is compared with a list of allowed ones, and a new tree is built from what passed:
columns by the caller's resolver, values as literals. Nothing of the text itself reaches a database.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from workbench.errors import DefinitionError, did_you_mean


class Resolve(Protocol):
    """Turns (table or None, column) into the SQL column; raises DefinitionError for an unknown one.

    With `truth` the column stands where a condition does (`where: satisfied`, `satisfied = true`), so what is wanted of
    it is true or false."""

    def __call__(self, table: str | None, name: str, /, *, truth: bool = False) -> exp.Expr: ...


_BINARY: tuple[type[exp.Binary], ...] = (
    exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Like, exp.Is,
)  # fmt: skip
_UNARY: tuple[type[exp.Unary], ...] = (exp.Not, exp.Paren, exp.Neg)


def _cast(node: exp.Expr, to: str) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build(to))


def date_difference(later: exp.Expr, earlier: exp.Expr) -> exp.Expr:
    """Whole days from the date of `earlier` to the date of `later`; engines agree only once both are dates."""
    return exp.DateDiff(this=_cast(later, "date"), expression=_cast(earlier, "date"), unit=exp.var("DAY"))


def _rounded(value: exp.Expr) -> exp.Expr:
    """Halves away from zero: engines round 0.5 to 0 or to 1."""
    size = exp.Floor(this=exp.Add(this=exp.Abs(this=value.copy()), expression=exp.Literal.number("0.5")))
    return exp.Mul(this=exp.Sign(this=value), expression=size)


_FUNCTIONS: dict[str, tuple[int, Callable[..., exp.Expr]]] = {
    "abs": (1, lambda x: exp.Abs(this=x)),
    "lower": (1, lambda x: exp.Lower(this=x)),
    "upper": (1, lambda x: exp.Upper(this=x)),
    "round": (1, _rounded),
    "coalesce": (2, lambda x, y: exp.Coalesce(this=x, expressions=[y])),
    "hour": (1, lambda x: exp.Hour(this=_cast(x, "timestamp"))),
    "month": (1, lambda x: exp.Month(this=_cast(x, "timestamp"))),
    "weekday": (1, lambda x: exp.DayOfWeekIso(this=_cast(x, "timestamp"))),
    "days_between": (2, lambda start, end: date_difference(end, start)),
}


def checked(text: str, resolve: Resolve, where: str, *, condition: bool = False) -> exp.Expr:
    """The tree of `text`, a value or a `condition`. Raises WB-F05 when it does not parse or holds anything but columns, values, comparisons,
    arithmetic and the allowed functions (abs coalesce days_between hour lower month round upper weekday)."""
    try:
        parsed = _parsed(text)
    except (ParseError, TokenError) as error:
        raise DefinitionError(
            "WB-F05",
            f"{where}: {text!r} cannot be read as a condition or value.",
            "Example: \"products.department = 'GROCERY' and sales_value > 0\".",
        ) from error
    return _rebuild(parsed, resolve, where, truth=condition)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.Expr:
    """The tree as it was written; it is only read, since `_rebuild` makes a new one."""
    return sqlglot.parse_one(text, read="duckdb", into=exp.Condition)


def columns_of(text: str, where: str) -> tuple[tuple[str | None, str], ...]:
    """The (table or None, column) pairs that a text names, in order; also checks it."""
    found: list[tuple[str | None, str]] = []

    def note(table: str | None, name: str, *, truth: bool = False) -> exp.Expr:
        found.append((table, name))
        return exp.column(name, table=table)

    checked(text, note, where)
    return tuple(dict.fromkeys(found))


def _rebuild(node: exp.Expr, resolve: Resolve, where: str, *, truth: bool = False) -> exp.Expr:
    def again(child: exp.Expr, *, truth: bool = False) -> exp.Expr:
        return _rebuild(child, resolve, where, truth=truth)

    kind = type(node)
    if isinstance(node, exp.Column):
        if not isinstance(node.this, exp.Identifier) or node.args.get("db"):
            raise _refused(node, where)
        return resolve(node.table or None, node.name, truth=truth)
    if kind is exp.Literal:
        return exp.Literal(this=node.this, is_string=node.args["is_string"])
    if kind is exp.Boolean:
        return exp.Boolean(this=bool(node.this))
    if kind is exp.Null:
        return exp.Null()
    if kind is exp.Distinct or kind is exp.Subquery:
        raise _refused(node, where)
    if isinstance(node, _BINARY) and kind in _BINARY:
        logic = kind in (exp.And, exp.Or)
        compared = kind in (exp.EQ, exp.NEQ, exp.Is)
        left = again(node.this, truth=logic or (compared and isinstance(node.expression, exp.Boolean)))
        right = again(node.expression, truth=logic or (compared and isinstance(node.this, exp.Boolean)))
        # integer division is not what a definition means by "/"
        return (
            exp.Div(
                this=_cast(left, "double"),
                expression=exp.Nullif(this=right, expression=exp.Literal.number(0)),
                typed=False,
                safe=False,
            )
            if kind is exp.Div
            else kind(this=left, expression=right)
        )
    if isinstance(node, _UNARY) and kind in _UNARY:
        return kind(this=again(node.this, truth=kind is exp.Not or (truth and kind is exp.Paren)))
    if kind is exp.Between:
        return exp.Between(this=again(node.this), low=again(node.args["low"]), high=again(node.args["high"]))
    if kind is exp.In and node.expressions and not node.args.get("query"):
        if not all(isinstance(v, exp.Literal | exp.Boolean | exp.Neg) for v in node.expressions):
            raise _refused(node, where)
        return exp.In(this=again(node.this), expressions=[again(v) for v in node.expressions])
    if isinstance(node, exp.Func):
        return _function(node, again, where)
    raise _refused(node, where)


def _function(node: exp.Func, again: Callable[[exp.Expr], exp.Expr], where: str) -> exp.Expr:
    if isinstance(node, exp.Anonymous):
        name, arguments = str(node.this).lower(), list(node.expressions)
    else:
        name = node.sql_name().lower()
        arguments = [a for key in node.arg_types if isinstance(a := node.args.get(key), exp.Expr)] + list(
            node.expressions
        )
        name, arguments = _unwrapped(name, arguments)
    if name not in _FUNCTIONS:
        raise DefinitionError(
            "WB-F05",
            f"{where}: the function '{name}' is not allowed.",
            did_you_mean(name, sorted(_FUNCTIONS)),
        )
    count, build = _FUNCTIONS[name]
    if len(arguments) != count:
        raise DefinitionError(
            "WB-F05",
            f"{where}: '{name}' takes {count} value{'s' * (count > 1)}, got {len(arguments)}.",
            "Correct the formula.",
        )
    return build(*(again(a) for a in arguments))


def _unwrapped(name: str, arguments: list[exp.Expr]) -> tuple[str, list[exp.Expr]]:
    """sqlglot parses month(x) as MONTH(CAST ...) and weekday(x) under another name; give back what was written."""
    name = {
        "day_of_week": "weekday",
        "dayofweek": "weekday",
        "day_of_week_iso": "weekday",
        "dayofweek_iso": "weekday",
    }.get(name, name)
    return name, [a.this if isinstance(a, exp.TsOrDsToDate | exp.TsOrDsToTimestamp) else a for a in arguments]


def _refused(node: exp.Expr, where: str) -> DefinitionError:
    return DefinitionError(
        "WB-F05",
        f"{where}: {type(node).__name__.lower()} is not allowed in a definition: {node.sql(dialect='duckdb')}.",
        "Use columns, values, = <> < > and or not in between like, + - * /, and the allowed functions.",
    )
