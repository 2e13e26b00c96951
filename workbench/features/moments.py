"""How a query names the cutoffs of the frame's rows and the edges of their windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from workbench.features.columns import CUTOFF_AT, SPINE, smallest
from workbench.features.windows import Edge, edge
from workbench.tables.engine import Engine, column, named
from workbench.tables.trees import moment


@dataclass(frozen=True)
class Moments:
    """Columns of the frame's rows; or, where all rows share one cutoff, the moments themselves: an engine then sees
    which events can matter before it joins any, and may have an index on them."""

    only: datetime | None

    @classmethod
    def of(cls, engine: Engine) -> Moments:
        """Those of the stored spine."""
        at = column(CUTOFF_AT)
        first, last = engine.row(exp.select(exp.Min(this=at), exp.Max(this=at.copy())).from_(named(SPINE)))
        return cls(last if first == last else None)

    def cutoff(self, alias: str) -> exp.Expr:
        """The cutoff of a row."""
        return moment(self.only) if self.only is not None else column(CUTOFF_AT, alias)

    def edge(self, span: Edge, alias: str) -> exp.Expr:
        """The moment that lies a span before a row's cutoff."""
        return moment(span.before(self.only)) if self.only is not None else column(edge(span), alias)

    def earliest(self, spans: Iterable[Edge], alias: str | None = None) -> exp.Expr:
        """The earliest of a row's edges: a calendar month is sometimes shorter than 30 days."""
        spans = dict.fromkeys(spans)
        if self.only is not None:
            return moment(min(s.before(self.only) for s in spans))
        return smallest([column(edge(s), alias) for s in spans])

    def last(self) -> exp.Expr:
        """The latest cutoff of all rows."""
        if self.only is not None:
            return moment(self.only)
        return _of_all(exp.Max(this=column(CUTOFF_AT)))

    def first(self, spans: Iterable[Edge]) -> exp.Expr:
        """The earliest edge of all rows."""
        earliest = self.earliest(spans)
        return earliest if self.only is not None else _of_all(exp.Min(this=earliest))


def _of_all(aggregate: exp.Expr) -> exp.Expr:
    return exp.Subquery(this=exp.select(aggregate).from_("framed"))
