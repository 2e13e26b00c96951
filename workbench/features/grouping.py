"""The last step of a compiled query: the aggregates per frame row, those over counted values by way of a count."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, number
from workbench.tables.engine import column, ident

_ROW = "_row"
_ITEM = "item"


@dataclass
class _Counted:
    """One counting: how often each item (a value, a day, an hour) occurs per frame row, under several conditions."""

    item: exp.Expr
    conditions: dict[str, tuple[str, exp.Expr | None]] = field(default_factory=dict)
    in_order: set[str] = field(default_factory=set)  # the counts whose items are needed in order
    answers: list[exp.Expr] = field(default_factory=list)

    def times(self, keep: exp.Expr | None) -> str:
        """The name of the column that counts an item's rows under the condition."""
        written = keep.sql() if keep is not None else ""
        name, _ = self.conditions.setdefault(written, (f"n{len(self.conditions) + 1}", keep))
        return name

    def counting(self) -> exp.Select:
        counts = []
        for name, keep in self.conditions.values():
            count: exp.Expr = exp.Count(this=self.item.copy())
            if keep is not None:
                count = exp.Filter(this=count, expression=exp.Where(this=keep.copy()))
            counts.append(exp.alias_(count, name, quoted=True))
        item = exp.alias_(self.item.copy(), _ITEM, quoted=True)
        query = (
            exp.select(column(_ROW), item, *counts)
            .from_("pairs", copy=False)
            .group_by(column(_ROW), self.item.copy(), copy=False)
        )
        keeps = [keep for _, keep in self.conditions.values()]
        if any(k is None for k in keeps):
            return query
        return query.where(exp.or_(*(k.copy() for k in keeps if k is not None)))

    def ordering(self, counted: str) -> exp.Select:
        """The counted items, each with the one before it and its place among those that count."""
        chosen: list[exp.Expr] = [exp.Star()]
        for name in sorted(self.in_order):
            counts = exp.GT(this=column(name), expression=number(0))
            item = exp.Case(ifs=[exp.If(this=counts.copy(), true=column(_ITEM))])
            one = exp.Case(ifs=[exp.If(this=counts, true=number(1))], default=number(0))
            earlier = _over(exp.Max(this=item), until="1 before")
            chosen.append(exp.alias_(earlier, f"{name} before", quoted=True))
            chosen.append(exp.alias_(_over(exp.Sum(this=one), until="here"), f"{name} place", quoted=True))
        return exp.select(*chosen).from_(counted)


def _over(aggregate: exp.Expr, *, until: str) -> exp.Window:
    spec: dict[str, object] = {"kind": "ROWS", "start": "UNBOUNDED", "start_side": "PRECEDING"}
    if until == "here":
        spec["end"] = "CURRENT ROW"
    else:
        spec |= {"end": number(1), "end_side": "PRECEDING"}
    return exp.Window(
        this=aggregate,
        partition_by=[column(_ROW)],
        order=exp.Order(expressions=[exp.Ordered(this=column(_ITEM), nulls_first=False)]),
        spec=exp.WindowSpec(**spec),
    )


@dataclass
class Grouping:
    """Collects the aggregates of a query; `finish` lays them out as steps over `pairs`."""

    plain: list[exp.Expr] = field(default_factory=list)
    counted: dict[str, _Counted] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def add(self, name: str, aggregate: Aggregation, rows: Rows) -> None:
        """One output column."""
        self.names.append(name)
        if aggregate.per is None:
            self.plain.append(exp.alias_(aggregate.sql(rows), name, quoted=True))
            return
        item = aggregate.per(rows)
        counting = self.counted.setdefault(item.sql(), _Counted(item))
        times = counting.times(rows.keep)
        once = replace(
            rows,
            value=column(_ITEM),
            times=column(times),
            keep=exp.GT(this=column(times), expression=number(0)),
        )
        if aggregate.ordered:
            counting.in_order.add(times)
            once = replace(once, previous=column(f"{times} before"), place=column(f"{times} place"))
        counting.answers.append(exp.alias_(aggregate.sql(once), name, quoted=True))

    def finish(self) -> tuple[exp.Select, list[tuple[str, exp.Select]]]:
        """The final select, and the named steps that it needs after `pairs`."""
        grouped = exp.select(column(_ROW), *self.plain).from_("pairs", copy=False)
        grouped = grouped.group_by(column(_ROW), copy=False)
        if not self.counted:
            return grouped, []
        steps: list[tuple[str, exp.Select]] = [("grouped", grouped)]
        final = exp.select(column(_ROW, "grouped"), *(column(n) for n in self.names))
        final = final.from_("grouped", copy=False)
        for place, counting in enumerate(self.counted.values(), start=1):
            source = f"counted{place}"
            steps.append((source, counting.counting()))
            if counting.in_order:
                steps.append((f"ordered{place}", counting.ordering(source)))
                source = f"ordered{place}"
            answers = exp.select(column(_ROW), *counting.answers).from_(source, copy=False)
            answers = answers.group_by(column(_ROW), copy=False)
            steps.append((f"answers{place}", answers))
            same = exp.EQ(this=column(_ROW, f"answers{place}"), expression=column(_ROW, "grouped"))
            final = final.join(
                exp.Table(this=ident(f"answers{place}")), on=same, join_type="left", copy=False
            )
        return final, steps
