"""The card as one SQL query, built as a syntax tree: no name or value is ever pasted into text."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sqlglot import exp

from workbench.scorecard.bins import Bins
from workbench.scorecard.card import Scorecard, Variable

Dialect = Literal["duckdb", "postgres"]


def card_sql(card: Scorecard, *, dialect: Dialect = "duckdb", table: str = "customers") -> str:
    """All columns of `table` with `card_points`, `card_probability` and `card_grade`, as Python computes them."""
    points: exp.Expression = _number(card.constant)
    for at, part in enumerate(card.parts):
        points = (
            _points(part) if at == 0 and not card.constant else exp.Add(this=points, expression=_points(part))
        )
    source = exp.to_identifier(table, quoted=True)
    with_points = exp.select(exp.Star(), exp.alias_(points, "card_points", quoted=True)).from_(
        exp.Table(this=source)
    )
    log_odds = _log_odds(card)
    probability = exp.Div(
        this=_double(1.0),
        expression=exp.Paren(
            this=exp.Add(this=_double(1.0), expression=exp.Exp(this=exp.Neg(this=exp.Paren(this=log_odds))))
        ),
    )
    query = exp.select(
        exp.Star(),
        exp.alias_(probability, "card_probability", quoted=True),
        exp.alias_(_grade(card), "card_grade", quoted=True),
    ).from_(with_points.subquery(exp.to_identifier("scored", quoted=True)))
    return query.sql(dialect=dialect, pretty=True) + "\n"


def _log_odds(card: Scorecard) -> exp.Expression:
    """The curve's segments as a CASE over the points."""
    score, curve = exp.cast(_column("card_points"), "DOUBLE"), card.curve
    lines = [
        exp.Add(
            this=_double(intercept),
            expression=exp.Paren(this=exp.Mul(this=_double(slope), expression=score.copy())),
        )
        for intercept, slope in zip(curve.intercepts, curve.slopes, strict=True)
    ]
    case = exp.Case()
    for upper, line in zip(curve.uppers, lines, strict=False):
        case = case.when(exp.LTE(this=score.copy(), expression=_double(upper)), line)
    return case.else_(lines[-1]) if curve.uppers else lines[0]


def _grade(card: Scorecard) -> exp.Expression:
    cuts = card.grade_cuts()
    if len(cuts) == 1:
        return exp.Literal.string(cuts[0][1])
    case = exp.Case()
    for highest, letter in cuts[:-1]:
        case = case.when(
            exp.LTE(this=_column("card_points"), expression=_number(highest)), exp.Literal.string(letter)
        )
    return case.else_(exp.Literal.string(cuts[-1][1]))


def _points(part: Variable) -> exp.Case:
    """CASE over the bins in the order in which Python tells them apart: missing, codes, then size or level."""
    bins, column = part.bins, _column(part.name)
    case = exp.Case().when(_missing(bins, column), _number(part.points[-1]))
    for at, special in enumerate(bins.specials, start=bins.ordinary):
        case = case.when(
            exp.EQ(this=_value(bins, column), expression=_edge(bins, special)), _number(part.points[at])
        )
    if bins.type == "category":
        for at, group in enumerate(bins.groups):
            levels = [exp.Literal.string(level) for level in group]
            if levels:
                case = case.when(
                    exp.In(this=_value(bins, column), expressions=levels), _number(part.points[at])
                )
        return case.else_(_number(part.points[-2]))
    for at, edge in enumerate(bins.edges):
        case = case.when(
            exp.LTE(this=_value(bins, column), expression=_edge(bins, edge)), _number(part.points[at])
        )
    return case.else_(_number(part.points[bins.ordinary - 1]))


def _missing(bins: Bins, column: exp.Column) -> exp.Expression:
    null = exp.Is(this=column.copy(), expression=exp.Null())
    if bins.type != "number":
        return null
    # both databases hold NaN equal to itself
    nan = exp.EQ(this=_value(bins, column), expression=exp.cast(exp.Literal.string("NaN"), "DOUBLE"))
    return exp.Or(this=null, expression=nan)


def _value(bins: Bins, column: exp.Column) -> exp.Expression:
    """The column as the card compares it: a double, a day, or text."""
    return exp.cast(column.copy(), {"number": "DOUBLE", "date": "DATE", "category": "TEXT"}[bins.type])


def _edge(bins: Bins, value: float) -> exp.Expression:
    if bins.type == "date":
        return exp.cast(exp.Literal.string(str(np.datetime64(int(value), "D"))), "DATE")
    return _double(value)


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _number(value: int) -> exp.Expression:
    literal = exp.Literal.number(abs(value))
    return exp.Neg(this=literal) if value < 0 else literal


def _double(value: float) -> exp.Expression:
    literal: exp.Expression = exp.Literal.number(repr(abs(value)))
    return exp.cast(exp.Neg(this=literal) if value < 0 else literal, "DOUBLE")
