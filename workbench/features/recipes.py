"""How a feature is computed from other feature columns: the contract, and the arithmetic ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from workbench.errors import DefinitionError
from workbench.features import formulas
from workbench.features.formulas import Formula, parse_formula
from workbench.features.windows import Window
from workbench.features.wording import quoted, spoken
from workbench.tables.yaml_file import names
from workbench.text import Text

Columns = Mapping[str, pd.Series]


@dataclass(frozen=True)
class Origin:
    """Where an aggregated column comes from: what a recipe may ask about its operands."""

    feature: str
    aggregate: str
    window: Window
    noun: Text


@dataclass(frozen=True)
class Recipe(ABC):
    """The contract. `kind` is the setting's name in the YAML file; `written` what stands behind it."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def operands(self) -> tuple[str, ...]:
        """The feature columns that it reads, each once."""

    @abstractmethod
    def value(self, columns: Columns, rows: int) -> np.ndarray:
        """The value per row, float64, NaN for missing."""

    @abstractmethod
    def written(self) -> Any:
        """What reads back to an equal recipe."""

    @abstractmethod
    def sentence(self, said: Mapping[str, Text]) -> Text:
        """A default sentence, from the sentences of its operands."""

    def bound(self, origins: Mapping[str, Origin], where: str) -> Recipe:
        """The recipe once it is known which aggregated columns there are."""
        return self


RECIPES: dict[str, Callable[[Any, str], Recipe]] = {}
"""Setting -> what reads it; each recipe registers itself."""


@dataclass(frozen=True)
class _Pair(Recipe):
    left: str
    right: str

    @property
    def operands(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.left, self.right)))

    def written(self) -> list[str]:
        return [self.left, self.right]

    def sides(self, columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        return (
            formulas.numbers(self.left, columns[self.left]),
            formulas.numbers(self.right, columns[self.right]),
        )


def _pair(written: object, kind: str, where: str) -> tuple[str, str]:
    pair = names(written, f"{where}, {kind}")
    if len(pair) != 2:
        raise DefinitionError(
            "WB-F02", f"{where}: `{kind}` needs two columns, got {len(pair)}.", f"Write {kind}: [a, b]."
        )
    return pair[0], pair[1]


@dataclass(frozen=True)
class Ratio(_Pair):
    """`ratio: [a, b]`: a / b, missing where b is 0."""

    kind = "ratio"

    def value(self, columns: Columns, rows: int) -> np.ndarray:
        return formulas.ratio(*self.sides(columns))

    def sentence(self, said: Mapping[str, Text]) -> Text:
        a, b = quoted(said[self.left]), quoted(said[self.right])
        return Text(f"{a.en} divided by {b.en}", f"{a.zh}与{b.zh}之比")


@dataclass(frozen=True)
class Difference(_Pair):
    """`difference: [a, b]`: a - b."""

    kind = "difference"

    def value(self, columns: Columns, rows: int) -> np.ndarray:
        left, right = self.sides(columns)
        return left - right

    def sentence(self, said: Mapping[str, Text]) -> Text:
        a, b = quoted(said[self.left]), quoted(said[self.right])
        return Text(f"{a.en} less {b.en}", f"{a.zh}与{b.zh}之差")


@dataclass(frozen=True)
class Change(_Pair):
    """`change: [spend_sum_30d, spend_sum_30d..90d]`: window against window, the daily rate of the first over that of
    the second; 1 is no change, missing where nothing happened in the second. Counts and totals only: other columns
    do not grow with the window, and `ratio` compares them.
    """

    kind = "change"
    adds_up: ClassVar[tuple[str, ...]] = ("count", "sum", "distinct")

    days: tuple[float, float] = field(default=(1.0, 1.0), compare=False)
    origins: tuple[Origin, ...] = field(default=(), compare=False)

    def bound(self, origins: Mapping[str, Origin], where: str) -> Change:
        found = []
        for name in (self.left, self.right):
            origin = origins.get(name)
            if origin is None or origin.window.days is None or not _adds_up(origin.aggregate):
                raise DefinitionError(
                    "WB-F28",
                    f"{where}: `change` compares daily rates, and '{name}' has none.",
                    f"It takes {', '.join(self.adds_up)} over windows of a fixed length; use `ratio:` for other columns.",
                )
            found.append(origin)
        days = (found[0].window.days or 1.0, found[1].window.days or 1.0)
        return replace(self, days=days, origins=tuple(found))

    def value(self, columns: Columns, rows: int) -> np.ndarray:
        now, before = self.sides(columns)
        return formulas.ratio(now / self.days[0], before / self.days[1])

    def sentence(self, said: Mapping[str, Text]) -> Text:
        if len({o.feature for o in self.origins}) != 1:
            a, b = quoted(said[self.left]), quoted(said[self.right])
            return Text(f"{a.en} per day, against {b.en} per day", f"{a.zh}与{b.zh}的日均之比")
        noun, now, before = self.origins[0].noun, self.origins[0].window, self.origins[1].window
        return Text(
            f"{noun.en} per day {now.phrase('en')}, against the daily average {before.phrase('en')}",
            f"{now.phrase('zh')}日均{noun.zh}与{before.phrase('zh')}日均之比",
        )


def _adds_up(aggregate: str) -> bool:
    return aggregate in Change.adds_up or aggregate.startswith("count_")


@dataclass(frozen=True)
class Free(Recipe):
    """`formula: "..."`: arithmetic, comparisons and functions over other columns."""

    kind = "formula"

    text: str
    parsed: Formula = field(compare=False, repr=False)

    @property
    def operands(self) -> tuple[str, ...]:
        return self.parsed.names

    def value(self, columns: Columns, rows: int) -> np.ndarray:
        return self.parsed.value(columns, rows)

    def written(self) -> str:
        return self.text

    def sentence(self, said: Mapping[str, Text]) -> Text:
        return spoken(self.parsed, said)


RECIPES["ratio"] = lambda written, where: Ratio(*_pair(written, "ratio", where))
RECIPES["difference"] = lambda written, where: Difference(*_pair(written, "difference", where))
RECIPES["change"] = lambda written, where: Change(*_pair(written, "change", where))
RECIPES["formula"] = lambda written, where: Free(str(written), parse_formula(str(written), where))
