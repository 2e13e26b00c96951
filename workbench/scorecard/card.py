"""The scorecard: bins, points, probability, grades and reasons in one value that is the same after JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.frame import Kind
from workbench.errors import DataError, did_you_mean
from workbench.explanation.reasons import told_reasons
from workbench.scorecard.bins import Bins
from workbench.scorecard.curve import ProbabilityCurve
from workbench.scorecard.grades import EVENT, Grades
from workbench.scorecard.points import Scale, higher_is_likelier
from workbench.scorecard.spec import CardSpec
from workbench.scorecard.woe import Floats
from workbench.text import Text

FORMAT = 1


@dataclass(frozen=True)
class Variable:
    """One variable of the card."""

    bins: Bins
    coefficient: float  # of its WOE in the log-odds of the event
    sentence: Text
    group: str  # variables of one group give one reason together
    points: tuple[int, ...]  # per bin, as `bins` orders them
    reference: float  # mean points of the customers against whom reasons are told

    @property
    def name(self) -> str:
        return self.bins.variable


@dataclass(frozen=True)
class Scorecard:
    """A WOE scorecard in whole points. Made by `build_scorecard`; all of it survives `to_dict`/`from_dict` bit by bit."""

    kind: Kind
    event_class: str
    spec: CardSpec
    scale: Scale
    intercept: float
    parts: tuple[Variable, ...]
    constant: int  # points that everyone has: 0 unless no variable is in the card
    curve: ProbabilityCurve
    grades: Grades
    reference: Text  # who the reasons compare with
    all_iv: dict[str, float]  # information value of every column looked at, largest first
    left_out: dict[str, str]  # why a looked-at column is not in the card
    notes: tuple[Text, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the columns that the card reads, strongest contribution of evidence first."""
        return tuple(part.name for part in self.parts)

    @property
    def iv(self) -> dict[str, float]:
        """Information value of the card's variables."""
        return {part.name: part.bins.iv for part in self.parts}

    @property
    def direction(self) -> Text:
        """What more points mean."""
        event = EVENT[self.kind]
        odds, factor = self.spec.base_odds, self.spec.pdo
        if higher_is_likelier(self.kind):
            p = odds / (1 + odds)
            return Text(
                f"More points mean a likelier {event.en} ({self.event_class!r}): {self.spec.base_points:g} points are odds of "
                f"{odds:g}:1 for it (probability {p:.2%}), and {factor:g} points more double the odds.",
                f"分数越高，{event.zh}（{self.event_class}）越可能：{self.spec.base_points:g} 分对应发生与不发生之比 {odds:g}:1"
                f"（概率 {p:.2%}），每增加 {factor:g} 分，该比值翻倍。",
            )
        p = 1 / (1 + odds)
        return Text(
            f"More points mean a less likely {event.en} ({self.event_class!r}): {self.spec.base_points:g} points are good:bad odds of "
            f"{odds:g}:1 (probability {p:.2%}), and {factor:g} points more double the odds.",
            f"分数越高，{event.zh}（{self.event_class}）越不可能：{self.spec.base_points:g} 分对应好坏比 {odds:g}:1"
            f"（概率 {p:.2%}），每增加 {factor:g} 分，好坏比翻倍。",
        )

    def bin_numbers(self, X: pd.DataFrame) -> NDArray[np.intp]:
        """(rows, variables): in which bin each customer falls. Raises WB-C03 for a missing column."""
        X = _named(X)
        for part in self.parts:
            if part.name not in X.columns:
                raise DataError(
                    "WB-C03",
                    f"The scorecard needs the column {part.name!r}, which is not in the data.",
                    did_you_mean(part.name, X.columns),
                )
        numbers = np.zeros((len(X), len(self.parts)), dtype=np.intp)
        for at, part in enumerate(self.parts):
            numbers[:, at] = part.bins.index(X[part.name])
        return numbers

    def part_points(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """(rows, variables): whole points of each variable."""
        numbers = self.bin_numbers(X)
        found = np.zeros(numbers.shape, dtype=np.int64)
        for at, part in enumerate(self.parts):
            found[:, at] = np.array(part.points, dtype=np.int64)[numbers[:, at]]
        return found

    def points(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Whole points: exactly the sum of the variables' points (and the constant)."""
        return self.part_points(X).sum(axis=1) + self.constant

    def log_odds(self, X: pd.DataFrame) -> Floats:
        """The unrounded model's log-odds of the event."""
        numbers = self.bin_numbers(X)
        total = np.full(len(X), self.intercept)
        for at, part in enumerate(self.parts):
            total += part.coefficient * part.bins.woe[numbers[:, at]]
        return total

    def exact_points(self, X: pd.DataFrame) -> Floats:
        """(rows, variables): points before rounding; they sum to `scale.score(log-odds)`."""
        numbers = self.bin_numbers(X)
        return np.column_stack(
            [self.exact_part(at)[numbers[:, at]] for at in range(len(self.parts))]
            or [np.full(len(X), self.scale.score(self.intercept))]
        )

    def exact_part(self, at: int) -> Floats:
        """Points before rounding of the bins of variable number `at`."""
        part = self.parts[at]
        return self.scale.part(
            part.bins.woe, coefficient=part.coefficient, intercept=self.intercept, variables=len(self.parts)
        )

    def probability(self, X: pd.DataFrame) -> Floats:
        """Probability of the event, from the rounded points by the refitted table."""
        return self.curve(self.points(X))

    def grade(self, X: pd.DataFrame) -> NDArray[np.str_]:
        """The card's own grade of each customer."""
        return self.grades.of(self.probability(X))

    @property
    def score_range(self) -> tuple[int, int]:
        """Fewest and most points anybody can have."""
        return (
            self.constant + sum(min(part.points) for part in self.parts),
            self.constant + sum(max(part.points) for part in self.parts),
        )

    def score_table(self) -> pd.DataFrame:
        """score, probability, odds (non-event : event) and grade for every possible whole score."""
        low, high = self.score_range
        scores = np.arange(low, high + 1)
        p = self.curve(scores)
        return pd.DataFrame(
            {"score": scores, "probability": p, "odds": (1 - p) / p, "grade": self.grades.of(p)}
        )

    def grade_cuts(self) -> list[tuple[int, str]]:
        """(highest score, letter) from the fewest points upwards: the grades as whole points."""
        table = self.score_table()
        scores, letters = table["score"].to_numpy(), table["grade"].to_numpy(dtype=object)
        last = np.append(letters[1:] != letters[:-1], True)
        return [(int(score), str(letter)) for score, letter in zip(scores[last], letters[last], strict=True)]

    def table(self, language: str = "en") -> pd.DataFrame:
        """One row per bin: variable, sentence, bin, n, share, events, event_rate, woe, iv, exact_points, points."""
        rows = []
        for at, part in enumerate(self.parts):
            events, non_events = np.array(part.bins.events), np.array(part.bins.non_events)
            n, exact = events + non_events, self.exact_part(at)
            for number in range(part.bins.size):
                rows.append(
                    {
                        "variable": part.name,
                        "sentence": part.sentence[language],
                        "bin": part.bins.label(number)[language],
                        "n": float(n[number]),
                        "share": float(n[number] / n.sum()) if n.sum() else np.nan,
                        "events": float(events[number]),
                        "event_rate": float(events[number] / n[number]) if n[number] else np.nan,
                        "woe": float(part.bins.woe[number]),
                        "iv": float(part.bins.iv_by_bin[number]),
                        "exact_points": float(exact[number]),
                        "points": part.points[number],
                    }
                )
        columns = [
            "variable",
            "sentence",
            "bin",
            "n",
            "share",
            "events",
            "event_rate",
            "woe",
            "iv",
            "exact_points",
            "points",
        ]
        return pd.DataFrame(rows, columns=columns)

    def reasons(self, X: pd.DataFrame, *, language: str = "en", n: int = 4) -> pd.DataFrame:
        """reason_1..reason_n per row: what moves a customer's points away from `reference`, towards the event.

        For risk and churn these are shortfalls of points, for response and conversion surpluses. Points are summed by
        group, only groups that push towards the event are named, equal ones in the card's order.
        """
        towards_event = 1.0 if higher_is_likelier(self.kind) else -1.0
        push = towards_event * (self.part_points(X) - np.array([part.reference for part in self.parts]))
        X = _named(X)
        told = told_reasons(
            pd.DataFrame(push, columns=list(self.variables), index=X.index),
            X,
            groups={part.name: part.group for part in self.parts},
            sentences={part.name: part.sentence for part in self.parts},
            language=language,
            n=n,
        )
        told.attrs["reference"] = self.reference[language]
        return told

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; floats survive bit by bit."""
        return {
            "format": FORMAT,
            "kind": self.kind,
            "event_class": self.event_class,
            "spec": self.spec.as_dict(),
            "scale": {"factor": self.scale.factor, "offset": self.scale.offset, "sign": self.scale.sign},
            "intercept": self.intercept,
            "variables": [
                {
                    "bins": part.bins.as_dict(),
                    "labels": [part.bins.label(k).as_dict() for k in range(part.bins.size)],
                    "woe": part.bins.woe.tolist(),
                    "coefficient": part.coefficient,
                    "sentence": part.sentence.as_dict(),
                    "group": part.group,
                    "points": list(part.points),
                    "reference": part.reference,
                }
                for part in self.parts
            ],
            "constant": self.constant,
            "curve": self.curve.as_dict(),
            "grades": self.grades.to_dict(),
            "reference": self.reference.as_dict(),
            "direction": self.direction.as_dict(),
            "all_iv": self.all_iv,
            "left_out": self.left_out,
            "notes": [note.as_dict() for note in self.notes],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Scorecard:
        """The card of `to_dict`. Raises WB-C05 for another format."""
        if stored.get("format") != FORMAT:
            raise DataError(
                "WB-C05",
                f"A stored scorecard has format {stored.get('format')!r}; this version reads format {FORMAT}.",
                "Build the scorecard again.",
            )
        return cls(
            kind=stored["kind"],
            event_class=stored["event_class"],
            spec=CardSpec.from_dict(stored["spec"]),
            scale=Scale(**stored["scale"]),
            intercept=stored["intercept"],
            parts=tuple(_variable(part) for part in stored["variables"]),
            constant=stored["constant"],
            curve=ProbabilityCurve.from_dict(stored["curve"]),
            grades=Grades.from_dict(stored["grades"]),
            reference=Text.of(stored["reference"]),
            all_iv=dict(stored["all_iv"]),
            left_out=dict(stored["left_out"]),
            notes=tuple(Text.of(note) for note in stored["notes"]),
        )


def _named(X: pd.DataFrame) -> pd.DataFrame:
    """Column names as text, as the card knows them: an array's columns are called 0, 1, 2."""
    if all(isinstance(column, str) for column in X.columns):
        return X
    return X.set_axis([str(column) for column in X.columns], axis=1)


def _variable(stored: Mapping[str, Any]) -> Variable:
    return Variable(
        bins=Bins.from_dict(stored["bins"]),
        coefficient=stored["coefficient"],
        sentence=Text.of(stored["sentence"]),
        group=stored["group"],
        points=tuple(stored["points"]),
        reference=stored["reference"],
    )
