"""Scores by points: a base and rules that add points, so that a person can follow each score to its reasons."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import DefinitionError
from workbench.features import formulas
from workbench.features.formulas import Formula
from workbench.features.recipes import RECIPES, Columns, Recipe
from workbench.features.tags import parse_condition
from workbench.features.wording import quoted, spoken
from workbench.tables.yaml_file import expect_known, expect_mapping
from workbench.text import Text, counted

_EXAMPLE = 'add: [{when: "visits_distinct_30d >= 5", points: 20}, {band: visits_distinct_90d, edges: [1, 5], points: [0, 5, 10]}]'


@dataclass(frozen=True)
class Rule(ABC):
    """One line of a score."""

    @property
    @abstractmethod
    def operands(self) -> tuple[str, ...]: ...

    @abstractmethod
    def points_for(self, columns: Columns, rows: int) -> np.ndarray:
        """Points per row, never missing."""

    @abstractmethod
    def sentence(self, said: Mapping[str, Text]) -> Text: ...

    @abstractmethod
    def told(self, said: Mapping[str, Text]) -> Text:
        """The whole rule with its points: `20 points where “...” > 3`."""

    @abstractmethod
    def written(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class When(Rule):
    """`{when: condition, points: n}`: n points where it holds; none where it does not or cannot be decided."""

    text: str
    points: float
    parsed: Formula = field(compare=False, repr=False)
    say: Text | None = None

    @property
    def operands(self) -> tuple[str, ...]:
        return self.parsed.names

    def points_for(self, columns: Columns, rows: int) -> np.ndarray:
        return np.where(self.parsed.value(columns, rows) == 1, self.points, 0.0)

    def sentence(self, said: Mapping[str, Text]) -> Text:
        return self.say or spoken(self.parsed, said)

    def told(self, said: Mapping[str, Text]) -> Text:
        words, points = self.sentence(said), _plain(self.points)
        return Text(f"{counted(points, 'point')} where {words.en}", f"{words.zh}：{points}分")

    def written(self) -> dict[str, Any]:
        return {"when": self.text, "points": _plain(self.points)} | _said(self.say)


@dataclass(frozen=True)
class Band(Rule):
    """`{band: column, edges: [1, 5], points: [0, 5, 10]}`: a value from an edge on lies in the next band.

    `missing` are the points of a missing value, 0 unless the rule says otherwise.
    """

    column: str
    edges: tuple[float, ...]
    points: tuple[float, ...]
    missing: float = 0.0
    say: Text | None = None

    @property
    def operands(self) -> tuple[str, ...]:
        return (self.column,)

    def points_for(self, columns: Columns, rows: int) -> np.ndarray:
        values = np.broadcast_to(formulas.numbers(self.column, columns[self.column]), rows)
        band = np.searchsorted(np.array(self.edges), values, side="right")
        return np.where(
            np.isnan(values), self.missing, np.array(self.points)[np.minimum(band, len(self.edges))]
        )

    def sentence(self, said: Mapping[str, Text]) -> Text:
        return self.say or quoted(said.get(self.column, Text.of(self.column)))

    def told(self, said: Mapping[str, Text]) -> Text:
        words = self.sentence(said)
        first, *others = (_plain(p) for p in self.points)
        english, chinese = (
            f"below {_plain(self.edges[0])}: {first}",
            f"低于{_plain(self.edges[0])}：{first}分",
        )
        for edge, points in zip(map(_plain, self.edges), others, strict=True):
            english, chinese = f"{english}, from {edge} on: {points}", f"{chinese}，{edge}起：{points}分"
        missing = _plain(self.missing)
        return Text(
            f"points by {words.en}: {english}, missing: {missing}",
            f"按{words.zh}：{chinese}，缺失：{missing}分",
        )

    def written(self) -> dict[str, Any]:
        out: dict[str, Any] = {"band": self.column, "edges": [_plain(e) for e in self.edges]}
        out["points"] = [_plain(p) for p in self.points]
        return out | ({"missing": _plain(self.missing)} if self.missing else {}) | _said(self.say)


@dataclass(frozen=True)
class Points(Recipe):
    """`points: {base, add: [rules], min, max}`: the base and every rule's points, held between min and max."""

    kind = "points"

    rules: tuple[Rule, ...]
    base: float = 0.0
    low: float | None = None
    high: float | None = None

    @property
    def operands(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(o for r in self.rules for o in r.operands))

    def value(self, columns: Columns, rows: int) -> np.ndarray:
        total = np.full(rows, self.base)
        for rule in self.rules:
            total = total + rule.points_for(columns, rows)
        return self._held(total)

    def contributions(self, columns: Columns, rows: int) -> pd.DataFrame:
        """A row per row: `base`, `rule_1` ..., and `limit` (what min and max took or gave); together they are the score."""
        parts = {"base": np.full(rows, self.base)}
        parts |= {f"rule_{n}": r.points_for(columns, rows) for n, r in enumerate(self.rules, start=1)}
        total = np.sum(list(parts.values()), axis=0)
        return pd.DataFrame(parts | {"limit": self._held(total) - total})

    def reasons(self, said: Mapping[str, Text]) -> dict[str, Text]:
        """The sentence of each column of `contributions`."""
        fixed = {
            "base": Text("to begin with", "基础分"),
            "limit": Text("limited to the range of the score", "分数上下限调整"),
        }
        return fixed | {f"rule_{n}": r.sentence(said) for n, r in enumerate(self.rules, start=1)}

    def sentence(self, said: Mapping[str, Text]) -> Text:
        parts = [*self.frame, *(r.told(said) for r in self.rules)]
        return Text("score: " + "; ".join(p.en for p in parts), "积分：" + "；".join(p.zh for p in parts))

    @property
    def frame(self) -> tuple[Text, ...]:
        """What it begins with, and between what it is held."""
        low, high = (None if v is None else _plain(v) for v in (self.low, self.high))
        base = _plain(self.base)
        begins = Text(f"{counted(base, 'point')} to begin with", f"基础分{base}")
        if low is not None and high is not None:
            return begins, Text(f"held between {low} and {high}", f"限于{low}至{high}分")
        if low is not None:
            return begins, Text(f"at least {low}", f"最低{low}分")
        return (begins,) if high is None else (begins, Text(f"at most {high}", f"最高{high}分"))

    def written(self) -> dict[str, Any]:
        out: dict[str, Any] = {"base": _plain(self.base)} if self.base else {}
        out["add"] = [r.written() for r in self.rules]
        limits = {"min": self.low, "max": self.high}
        return out | {k: _plain(v) for k, v in limits.items() if v is not None}

    def _held(self, total: np.ndarray) -> np.ndarray:
        low = -np.inf if self.low is None else self.low
        return np.clip(total, low, np.inf if self.high is None else self.high)


def parse_points(written: object, where: str) -> Points:
    """From {base, add, min, max}. Raises WB-F29 for points, edges or limits that do not fit together."""
    settings = expect_mapping(written, f"{where}, points")
    expect_known(settings, ("base", "add", "min", "max"), f"{where}, points")
    rules = settings.get("add")
    if not isinstance(rules, list) or not rules:
        raise DefinitionError("WB-F29", f"{where}: `points` adds nothing up.", f"Example: {_EXAMPLE}.")
    low = _number(settings["min"], "min", where) if "min" in settings else None
    high = _number(settings["max"], "max", where) if "max" in settings else None
    if low is not None and high is not None and low >= high:
        raise DefinitionError(
            "WB-F29",
            f"{where}: `min` {_plain(low)} is not below `max` {_plain(high)}.",
            "Swap or correct them.",
        )
    parsed = tuple(_rule(r, f"{where}, rule {n}") for n, r in enumerate(rules, start=1))
    return Points(parsed, _number(settings.get("base", 0), "base", where), low, high)


def _rule(written: object, where: str) -> Rule:
    settings = expect_mapping(written, where)
    if ("when" in settings) == ("band" in settings):
        raise DefinitionError("WB-F29", f"{where}: a rule has `when:` or `band:`.", f"Example: {_EXAMPLE}.")
    say = _text(settings, where)
    if "when" in settings:
        expect_known(settings, ("when", "points", "say"), where)
        parsed = parse_condition(settings["when"], where)
        return When(str(settings["when"]), _number(settings.get("points"), "points", where), parsed, say)
    expect_known(settings, ("band", "edges", "points", "missing", "say"), where)
    edges = tuple(_number(e, "edges", where) for e in _list(settings, "edges", where))
    points = tuple(_number(p, "points", where) for p in _list(settings, "points", where))
    if list(edges) != sorted(set(edges)):
        raise DefinitionError(
            "WB-F29", f"{where}: `edges` do not rise.", "Write them from low to high, none twice."
        )
    if len(points) != len(edges) + 1:
        raise DefinitionError(
            "WB-F29",
            f"{where}: {len(edges)} edges make {len(edges) + 1} bands, but there are {len(points)} `points`.",
            "The first are for values below the first edge.",
        )
    missing = _number(settings.get("missing", 0), "missing", where)
    return Band(str(settings["band"]), edges, points, missing, say)


def _list(settings: dict[str, Any], key: str, where: str) -> list[Any]:
    value = settings.get(key)
    if not isinstance(value, list) or not value:
        raise DefinitionError("WB-F29", f"{where}: `{key}` is not a list.", f"Example: {_EXAMPLE}.")
    return value


def _number(value: object, key: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise DefinitionError(
            "WB-F29", f"{where}: `{key}` is {value!r}, which is not a number.", f"Example: {_EXAMPLE}."
        )
    return float(value)


def _text(settings: dict[str, Any], where: str) -> Text | None:
    if "say" not in settings:
        return None
    value = settings["say"]
    if not isinstance(value, str | dict) or (isinstance(value, dict) and not set(value) <= {"en", "zh"}):
        raise DefinitionError(
            "WB-F02", f"{where}: `say` is {value!r}.", "Write a text, or {en: ..., zh: ...}."
        )
    return Text.of(value)


def _plain(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _said(say: Text | None) -> dict[str, Any]:
    return {} if say is None else {"say": say.as_dict()}


RECIPES["points"] = parse_points
