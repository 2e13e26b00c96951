"""A period that was loaded twice, told from rows that are rightly equal.

Two equal invoice lines are no mistake: equal rows occur in many tables, once here, three times there. But where a whole
period was loaded twice, by two files that overlap or by one load that ran again, *every* row of it is there an even
number of times. So a period counts as loaded m times if at least nine tenths of its rows are in groups of equal rows whose
size m divides. That is judged over a run of days with at least twenty different rows: with rows that repeat by chance it is
as likely as twenty coins that show heads. Then one of every m rows is kept, and two equal lines of one load stay two lines.

Copies may differ in one column that was filled afterwards (a missing text became "Unknown"): if leaving out one column
explains all rows that have no copy, rows are compared without it, and the one with a value stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlglot import exp

from workbench.tables.trees import column, moment, named

SHARE = 0.9  # of a period's rows
FEWEST = 20  # different rows in a run of days
EXPLAINED = 0.999  # of the rows, once the column that differs is left out
_DAY_SHARE = 0.5  # a day in the midst of it, few rows of which may differ
_EDGE_SHARE, _EDGE_TIMES = 0.2, 5.0  # a day on the rim may be there twice only in part
_FEWEST_COLUMNS = 3
_TIMES = (4, 3, 2)

Frame = Callable[[exp.Expr], pd.DataFrame]


@dataclass(frozen=True)
class DoubleLoad:
    """What is there `times` times: whole days from `first` to `last` in each span (none: all rows), and how many rows too many.

    `differing` is the column in which copies may differ, if any.
    """

    times: int
    spans: tuple[tuple[datetime, datetime], ...]
    copies: int
    differing: str = ""

    def period(self) -> str:
        """`2010-12-01 to 2010-12-09`, or `the whole table`."""
        if not self.spans:
            return "the whole table"
        return ", ".join(
            f"{a:%Y-%m-%d} to {b:%Y-%m-%d}" if a != b else f"{a:%Y-%m-%d}" for a, b in self.spans
        )

    def once(self, relation: str, columns: list[str], at: exp.Expr | None) -> exp.Expr:
        """The rows of the relation with every copy left out, as a query of its own columns."""
        same = [column(c) for c in columns if c != self.differing]
        # NULLs last, so that of two copies the one with a value stays
        order = [column(c) for c in columns if c == self.differing] or same[:1]
        placed = exp.Window(
            this=exp.RowNumber(),
            partition_by=[c.copy() for c in same],
            order=exp.Order(expressions=[exp.Ordered(this=o, desc=False, nulls_first=False) for o in order]),
        )
        found = exp.Window(this=exp.Count(this=exp.Star()), partition_by=[c.copy() for c in same])
        inside = self._inside(at)
        ranked = (
            exp.select(
                "*", exp.alias_(placed, "_place", quoted=True), exp.alias_(found, "_found", quoted=True)
            )
            .from_(named(relation))
            .where(inside)
        )
        before = exp.Mul(
            this=exp.Paren(this=exp.Sub(this=column("_place"), expression=exp.Literal.number(1))),
            expression=exp.Literal.number(self.times),
        )
        kept = (
            exp.select(*(column(c) for c in columns))
            .from_(exp.Subquery(this=ranked, alias=exp.TableAlias(this=exp.to_identifier("ranked"))))
            .where(exp.LT(this=before, expression=column("_found")))
        )
        if not self.spans:
            return kept
        outside = exp.not_(exp.Coalesce(this=exp.Paren(this=inside.copy()), expressions=[exp.false()]))
        others = exp.select(*(column(c) for c in columns)).from_(named(relation)).where(outside)
        return exp.Union(this=others, expression=kept, distinct=False)

    def _inside(self, at: exp.Expr | None) -> exp.Expr:
        if not self.spans or at is None:
            return exp.true()
        return exp.or_(
            *(
                exp.and_(
                    exp.GTE(this=at.copy(), expression=moment(first)),
                    exp.LT(this=at.copy(), expression=moment(last + timedelta(days=1))),
                )
                for first, last in self.spans
            )
        )


def find_double_load(
    frame: Frame,
    relation: str,
    columns: list[str],
    at: exp.Expr | None,
    *,
    never_differ: tuple[str, ...] = (),
) -> DoubleLoad | None:
    """What of the relation was loaded more than once, or None. `at` is the event time; without it only the whole table
    is judged. `frame` answers a query."""
    days = frame(_parity(relation, columns, at, None))
    for times in _TIMES:
        everything = len(_flagged(days, times)) == len(days) and days["different"].sum() >= FEWEST
        runs = _runs(days, times) if at is not None and not everything else []
        if not runs and not everything:
            continue
        core, full = (DoubleLoad(times, tuple(r[part] for r in runs), 0) for part in (0, 1))
        differing = _differing(frame, core, relation, columns, at, never_differ)
        same = [c for c in columns if c != differing]
        found = frame(_parity(relation, same, None, full._inside(at))).iloc[0]
        return DoubleLoad(times, full.spans, int(found[f"copies{times}"]), differing)
    return None


def _differing(
    frame: Frame,
    core: DoubleLoad,
    relation: str,
    columns: list[str],
    at: exp.Expr | None,
    never_differ: tuple[str, ...],
) -> str:
    """The one column without which every row of the period has its copy; "" if all have one, or no column explains it."""

    def explained(without: str) -> float:
        same = [c for c in columns if c != without]
        found = frame(_parity(relation, same, None, core._inside(at))).iloc[0]
        return float(found[f"by{core.times}"]) / float(found["rows"])

    if len(columns) < _FEWEST_COLUMNS or explained("") >= 1:
        return ""
    tried = {c: explained(c) for c in columns if c not in never_differ}
    best = max(tried, key=lambda c: tried[c], default="")
    return best if best and tried[best] >= EXPLAINED else ""


def _parity(relation: str, columns: list[str], at: exp.Expr | None, inside: exp.Expr | None) -> exp.Select:
    """Per day (or for all): different rows, rows, and rows in groups whose size 2, 3 or 4 divides."""
    day = exp.Cast(this=at.copy(), to=exp.DataType.build("date")) if at is not None else exp.Literal.number(1)
    counted = exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    groups = exp.select(exp.alias_(day, "day", quoted=True), counted).from_(named(relation))
    keys = [column(c) for c in columns] + ([day.copy()] if at is not None else [])
    groups = groups.group_by(*keys)
    if inside is not None:
        groups = groups.where(inside.copy())
    n = column("n")
    sums: list[exp.Expr] = [
        exp.alias_(exp.Count(this=exp.Star()), "different", quoted=True),
        exp.alias_(exp.Sum(this=n), "rows", quoted=True),
    ]
    for times in _TIMES:
        divides = exp.EQ(
            this=exp.Mod(this=n.copy(), expression=exp.Literal.number(times)),
            expression=exp.Literal.number(0),
        )
        inside_groups = exp.Case(ifs=[exp.If(this=divides, true=n.copy())], default=exp.Literal.number(0))
        sums.append(exp.alias_(exp.Sum(this=inside_groups), f"by{times}", quoted=True))
        # of n equal rows every times-th stays, so n - ceil(n / times) go
        kept = exp.Ceil(
            this=exp.Div(
                this=exp.Cast(this=n.copy(), to=exp.DataType.build("double")),
                expression=exp.Literal.number(times),
            )
        )
        sums.append(
            exp.alias_(exp.Sum(this=exp.Sub(this=n.copy(), expression=kept)), f"copies{times}", quoted=True)
        )
    query = exp.select(column("day"), *sums).from_(
        exp.Subquery(this=groups, alias=exp.TableAlias(this=exp.to_identifier("groups_of_equal_rows")))
    )
    return query.group_by(column("day"))


def _flagged(days: pd.DataFrame, times: int) -> pd.DataFrame:
    return days[days[f"by{times}"] >= SHARE * days["rows"]]


_Span = tuple[datetime, datetime]


def _runs(days: pd.DataFrame, times: int) -> list[tuple[_Span, _Span]]:
    """Runs of days that are there that often: each without and with the days on its rim."""
    days = days[days["day"].notna()].sort_values("day", ignore_index=True)
    share = (days[f"by{times}"] / days["rows"]).astype("float64")
    flagged = share >= _DAY_SHARE
    run = (flagged != flagged.shift()).cumsum()
    usual = float(share[~flagged].median()) if (~flagged).any() else 0.0
    rim = (share >= _EDGE_SHARE) & (share >= _EDGE_TIMES * usual)
    runs = []
    for _, part in days[flagged].groupby(run[flagged]):
        if part["different"].sum() < FEWEST or part[f"by{times}"].sum() < SHARE * part["rows"].sum():
            continue
        first, last = part.index[0], part.index[-1]
        before = first - int(first > 0 and rim[first - 1])
        after = last + int(last + 1 < len(days) and rim[last + 1])
        on = [_midnight(days["day"][i]) for i in (first, last, before, after)]
        runs.append(((on[0], on[1]), (on[2], on[3])))
    return runs


def _midnight(day: object) -> datetime:
    return datetime.fromisoformat(str(day)[:10])
