"""Quantiles of any level by name: `q05`, `q25`, `q95`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, number
from workbench.tables import words

_NAME = re.compile(r"q(\d\d)")


@dataclass(frozen=True)
class Quantile(Aggregation):
    """The value that `percent` in a hundred rows stay below, between two values by straight line."""

    percent: int

    @property
    def name(self) -> str:  # ty: ignore[incompatible-property-override]
        return f"q{self.percent:02d}"

    @property
    def word(self) -> tuple[str, str]:  # ty: ignore[incompatible-property-override]
        return (f"{self.percent}th percentile", f"第{self.percent}百分位")

    @property
    def en(self) -> str:  # ty: ignore[incompatible-property-override]
        return f"{{noun}}: the value that {self.percent} in a hundred stay below, {{when}}"

    @property
    def zh(self) -> str:  # ty: ignore[incompatible-property-override]
        return f"{{when}}{{noun}}第{self.percent}百分位"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(words.Quantile(this=rows.value.copy(), level=number(self.percent / 100)))


def quantile(name: object) -> Quantile | None:
    """The quantile of that name, q01 to q99; None for another name."""
    found = _NAME.fullmatch(str(name))
    return Quantile(int(found[1])) if found is not None and int(found[1]) else None
