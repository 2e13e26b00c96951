"""Conditions and values that a definition writes, parsed to a checked tree.

The text is parsed, every node is compared with a list of allowed ones, and a new tree is built from what passed:
columns by the caller's resolver, values as literals. Nothing of the text itself reaches a database.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.comparisons import Held, Made, TypedResolve
from workbench.tables.kinds import Kind

Resolve = Callable[[str | None, str], exp.Expr]
"""Turns (table or None, column) into the SQL column; raises DefinitionError for an unknown one."""

_BINARY: tuple[type[exp.Binary], ...] = (
    exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Like, exp.Is,
)  # fmt: skip
_ARITHMETIC_SIGNS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_ARITHMETIC = tuple(_ARITHMETIC_SIGNS)


def _cast(node: exp.Expr, to: str) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build(to))


def date_difference(later: exp.Expr, earlier: exp.Expr) -> exp.Expr:
    """Whole days from the date of `earlier` to the date of `later`; engines agree only once both are dates."""
    return exp.DateDiff(this=_cast(later, "date"), expression=_cast(earlier, "date"), unit=exp.var("DAY"))


def _rounded(value: exp.Expr) -> exp.Expr:
    """Halves away from zero: engines round 0.5 to 0 or to 1."""
    size = exp.Floor(this=exp.Add(this=exp.Abs(this=value.copy()), expression=exp.Literal.number("0.5")))
    return exp.Mul(this=exp.Sign(this=value), expression=size)


@dataclass(frozen=True)
class _Function:
    takes: int
    of: Kind | Literal["alike"]
    gives: Kind | Literal["alike"]
    build: Callable[..., exp.Expr]


_FUNCTIONS: dict[str, _Function] = {
    "abs": _Function(1, "number", "number", lambda x: exp.Abs(this=x)),
    "lower": _Function(1, "text", "text", lambda x: exp.Lower(this=x)),
    "upper": _Function(1, "text", "text", lambda x: exp.Upper(this=x)),
    "round": _Function(1, "number", "number", _rounded),
    "coalesce": _Function(2, "alike", "alike", lambda x, y: exp.Coalesce(this=x, expressions=[y])),
    "hour": _Function(1, "date", "number", lambda x: exp.Hour(this=_cast(x, "timestamp"))),
    "month": _Function(1, "date", "number", lambda x: exp.Month(this=_cast(x, "timestamp"))),
    "weekday": _Function(1, "date", "number", lambda x: exp.DayOfWeekIso(this=_cast(x, "timestamp"))),
    "days_between": _Function(2, "date", "number", lambda start, end: date_difference(end, start)),
}


def checked(text: str, resolve: Resolve | TypedResolve, where: str, *, condition: bool = False) -> exp.Expr:
    """The tree of `text`. Raises WB-F05 when it does not parse or holds anything but columns, values, comparisons,
    arithmetic and the allowed functions (abs coalesce days_between hour lower month round upper weekday), and WB-F35
    where things of two kinds are compared (a text with a number), or where a `condition` is not true or false."""
    try:
        parsed = _parsed(text)
    except (ParseError, TokenError, RecursionError) as error:
        raise DefinitionError(
            "WB-F05",
            f"{where}: {text!r} cannot be read as a condition or value.",
            "Example: \"products.department = 'GROCERY' and sales_value > 0\".",
        ) from error
    held = Held(text, resolve if isinstance(resolve, TypedResolve) else None, where)
    made = _rebuild(parsed, resolve, held)
    return (held.truth(made) if condition else made).node


@lru_cache(maxsize=4096)
def _parsed(text: str) -> exp.Expr:
    """The tree as it was written; it is only read, since `_rebuild` makes a new one."""
    return sqlglot.parse_one(text, read="duckdb", into=exp.Condition)


def columns_of(text: str, where: str) -> tuple[tuple[str | None, str], ...]:
    """The (table or None, column) pairs that a text names, in order; also checks it."""
    found: list[tuple[str | None, str]] = []

    def note(table: str | None, name: str) -> exp.Expr:
        found.append((table, name))
        return exp.column(name, table=table)

    checked(text, note, where)
    return tuple(dict.fromkeys(found))


def kinds_wanted(text: str, where: str, *, condition: bool) -> dict[tuple[str | None, str], Kind]:
    """(table or None, column) -> what it must hold for the text to make sense, where the text says so."""
    held = Held(text, None, where)
    made = _rebuild(_parsed(text), lambda table, name: exp.column(name, table=table), held)
    if condition:
        held.truth(made)
    return held.wanted


def _rebuild(node: exp.Expr, resolve: Resolve | TypedResolve, held: Held) -> Made:
    def again(child: exp.Expr) -> Made:
        return _rebuild(child, resolve, held)

    kind = type(node)
    if isinstance(node, exp.Column):
        if not isinstance(node.this, exp.Identifier) or node.args.get("db"):
            raise _refused(node, held.where)
        return held.column(resolve(node.table or None, node.name), node)
    if kind is exp.Literal:
        return held.literal(exp.Literal(this=node.this, is_string=node.args["is_string"]), node)
    if kind is exp.Boolean:
        return Made(exp.Boolean(this=bool(node.this)), "yes-no", node)
    if kind is exp.Null:
        return Made(exp.Null(), None, node)
    if kind is exp.Distinct or kind is exp.Subquery:
        raise _refused(node, held.where)
    if isinstance(node, _BINARY) and kind in _BINARY:
        return _binary(node, again(node.this), again(node.expression), held)
    if kind is exp.Not:
        return Made(exp.Not(this=held.truth(again(node.this)).node), "yes-no", node)
    if kind is exp.Paren:
        inner = again(node.this)
        return inner if inner.is_value or inner.column else replace(inner, node=exp.Paren(this=inner.node))
    if kind is exp.Neg:
        return Made(exp.Neg(this=held.expect(again(node.this), "number", "-").node), "number", node)
    if kind is exp.Between:
        low, high = again(node.args["low"]), again(node.args["high"])
        value, low = held.alike(again(node.this), low, node)
        value, high = held.alike(value, high, node)
        return Made(exp.Between(this=value.node, low=low.node, high=high.node), "yes-no", node)
    if kind is exp.In and node.expressions and not node.args.get("query"):
        if not all(isinstance(v, exp.Literal | exp.Boolean | exp.Neg) for v in node.expressions):
            raise _refused(node, held.where)
        value, options = again(node.this), []
        for option in node.expressions:
            value, one = held.alike(value, again(option), node)
            options.append(one.node)
        return Made(exp.In(this=value.node, expressions=options), "yes-no", node)
    if isinstance(node, exp.Func):
        return _function(node, again, held)
    raise _refused(node, held.where)


def _binary(node: exp.Binary, left: Made, right: Made, held: Held) -> Made:
    kind = type(node)
    if kind in (exp.And, exp.Or):
        return Made(kind(this=held.truth(left).node, expression=held.truth(right).node), "yes-no", node)
    if kind is exp.Is:
        if not isinstance(right.node, exp.Null | exp.Boolean):
            raise _refused(node, held.where)
        if isinstance(right.node, exp.Boolean):
            left = held.truth(left)
    elif kind is exp.Like:
        left, right = held.expect(left, "text", "like"), held.expect(right, "text", "like")
    elif issubclass(kind, _ARITHMETIC):
        sign = _ARITHMETIC_SIGNS[kind]
        left, right = held.expect(left, "number", sign), held.expect(right, "number", sign)
        if kind is not exp.Div:
            return Made(kind(this=left.node, expression=right.node), "number", node)
        # integer division is not what a definition means by "/"
        divisor = exp.Nullif(this=right.node, expression=exp.Literal.number(0))
        quotient = exp.Div(this=_cast(left.node, "double"), expression=divisor, typed=False, safe=False)
        return Made(quotient, "number", node)
    else:
        left, right = held.alike(left, right, node)
    return Made(kind(this=left.node, expression=right.node), "yes-no", node)


def _function(node: exp.Func, again: Callable[[exp.Expr], Made], held: Held) -> Made:
    where = held.where
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
    function = _FUNCTIONS[name]
    if len(arguments) != function.takes:
        raise DefinitionError(
            "WB-F05",
            f"{where}: '{name}' takes {function.takes} value{'s' * (function.takes > 1)}, got {len(arguments)}.",
            "Correct the formula.",
        )
    made = [again(a) for a in arguments]
    if function.of == "alike":
        made = list(held.alike(made[0], made[1], node))
    else:
        made = [held.expect(m, function.of, name) for m in made]
    gives = made[0].kind or made[-1].kind if function.gives == "alike" else function.gives
    return Made(function.build(*(m.node for m in made)), gives, node)


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
