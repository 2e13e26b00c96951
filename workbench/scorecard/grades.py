"""Grades A to D: bands of the event's probability whose event rates differ, the best customers in A."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.frame import Kind
from workbench.errors import DataError
from workbench.scorecard.decimals import shortest_between
from workbench.scorecard.points import higher_is_likelier
from workbench.scorecard.woe import Floats
from workbench.text import Text

LETTERS = ("A", "B", "C", "D")
SHARES = (0.1, 0.2, 0.3, 0.4)  # aimed at, from the customers likeliest to have the event downwards
MIN_SHARE = 0.02
LADDER = 30  # candidate cuts that the search combines
EVENT = {
    "response": Text("response", "响应"),
    "conversion": Text("conversion", "转化"),
    "churn": Text("churn", "流失"),
    "risk": Text("default", "违约"),
}


def wilson(events: Floats, rows: Floats, z: float = 1.959963984540054) -> tuple[Floats, Floats]:
    """Wilson's 95% interval of a rate (E. B. Wilson, 1927); nan for no rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = events / rows
        middle = (rate + z**2 / (2 * rows)) / (1 + z**2 / rows)
        half = z / (1 + z**2 / rows) * np.sqrt(rate * (1 - rate) / rows + z**2 / (4 * rows**2))
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)


@dataclass(frozen=True)
class Grades:
    """A probability p is in band `number of edges <= p`; `letters` names the bands from the lowest p upwards."""

    kind: Kind
    edges: tuple[float, ...]
    letters: tuple[str, ...]

    def of(self, p: Floats) -> NDArray[np.str_]:
        """The grade of each probability of the event. Raises WB-C04 for a probability that is not a number."""
        values = np.asarray(p, dtype=float)
        if np.isnan(values).any():
            raise DataError(
                "WB-C04",
                f"{int(np.isnan(values).sum())} of {len(values)} probabilities are not numbers and have no grade.",
                "Score the rows first.",
            )
        return np.array(self.letters)[np.searchsorted(np.array(self.edges), values, side="right")]

    @property
    def review_cut(self) -> float | None:
        """The probability between B and C, where a decision turns; None if no such border exists."""
        border = [
            e for e, (low, high) in zip(self.edges, self._pairs, strict=True) if {low, high} == {"B", "C"}
        ]
        if border:
            return border[0]
        return self.edges[len(self.edges) // 2] if self.edges else None

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return list(zip(self.letters[:-1], self.letters[1:], strict=True))

    @property
    def sentence(self) -> Text:
        """What A means and where the bands lie, to be said wherever grades are shown."""
        event = EVENT[self.kind]
        if not self.edges:
            return Text(
                f"The score does not tell customers apart by {event.en}: all have grade {self.letters[0]}.",
                f"该评分无法区分客户的{event.zh}概率：全部为 {self.letters[0]} 级。",
            )
        likelier = higher_is_likelier(self.kind)
        bands_en, bands_zh = [], []
        for letter in sorted(self.letters):
            at = self.letters.index(letter)
            low = self.edges[at - 1] if at else None
            high = self.edges[at] if at < len(self.edges) else None
            bands_en.append(f"{letter} {_band(low, high, ('from', 'below'))}")
            bands_zh.append(f"{letter} {_band(low, high, ('不低于', '低于'))}")
        which_en, which_zh = ("highest", "最高") if likelier else ("lowest", "最低")
        return Text(
            f"A has the {which_en} probability of {event.en}: {', '.join(bands_en)}.",
            f"A 级的{event.zh}概率{which_zh}：{'，'.join(bands_zh)}。",
        )

    def table(self, p: Floats, y: Floats) -> pd.DataFrame:
        """Per grade n, share, events, event rate with Wilson's interval, lowest and highest probability."""
        letters, outcome, p = self.of(p), np.asarray(y, dtype=float), np.asarray(p, dtype=float)
        rows = []
        for letter in sorted(self.letters):
            inside = letters == letter
            n, events = int(inside.sum()), float(outcome[inside].sum())
            low, high = wilson(np.array([events]), np.array([float(n)]))
            rows.append(
                {
                    "grade": letter,
                    "n": n,
                    "share": n / len(p) if len(p) else np.nan,
                    "events": int(events),
                    "event_rate": events / n if n else np.nan,
                    "rate_low": float(low[0]),
                    "rate_high": float(high[0]),
                    "p_min": float(p[inside].min()) if n else np.nan,
                    "p_max": float(p[inside].max()) if n else np.nan,
                }
            )
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "edges": list(self.edges), "letters": list(self.letters)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Grades:
        return cls(stored["kind"], tuple(stored["edges"]), tuple(stored["letters"]))


def _band(low: float | None, high: float | None, words: tuple[str, str]) -> str:
    parts = [] if low is None else [f"{words[0]} {low:.3%}"]
    return " ".join(parts + ([] if high is None else [f"{words[1]} {high:.3%}"]))


def grade_bands(p: Floats, y: Floats, kind: Kind, weight: Floats | None = None) -> Grades:
    """Four bands near 10/20/30/40% of the customers, from the likeliest to have the event down.

    Among all combinations of candidate cuts with strictly monotone event rates and at least 2% of the rows in every
    band, the one nearest to those shares is taken. If none has four bands, three or two are tried, and a score
    that orders nobody leaves one band, D: a better grade must be earned. `weight`: how many customers a row stands for.
    """
    values, outcome = np.asarray(p, dtype=float), np.asarray(y, dtype=float)
    if len(values) == 0 or np.isnan(values).any():
        raise DataError(
            "WB-C04", "Grades need probabilities that are numbers, at least one.", "Score the rows first."
        )
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    stands_for = np.ones(len(values)) if weight is None else np.asarray(weight, dtype=float)[order]
    sums = np.concatenate([[0.0], np.cumsum(outcome[order] * stands_for)])
    below = np.concatenate([[0.0], np.cumsum(stands_for)])
    borders = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1  # rows below a possible cut
    cuts = _ladder(borders, below)
    likelier = higher_is_likelier(kind)
    for bands in (4, 3, 2):
        best = _nearest(cuts, sums, below, bands)
        if best is not None:
            # a cut is inclusive above: the edge lies in (below, above]
            edges = tuple(-shortest_between(-float(ordered[c]), -float(ordered[c - 1])) for c in best)
            best_first = {4: LETTERS, 3: ("A", "B", "D"), 2: ("A", "D")}[bands]
            return Grades(kind, edges, best_first[::-1] if likelier else best_first)
    return Grades(kind, (), ("D",))


def _ladder(borders: NDArray[np.intp], below: Floats) -> NDArray[np.intp]:
    """Up to LADDER borders near even steps of customers, and those nearest to the aimed shares."""
    if len(borders) <= LADDER:
        return borders
    aims = np.concatenate([np.linspace(0, 1, LADDER - 1)[1:-1], 1 - np.cumsum(SHARES)[:-1]]) * below[-1]
    stand = below[borders]
    place = np.clip(np.searchsorted(stand, aims), 1, len(borders) - 1)
    nearer_left = aims - stand[place - 1] < stand[place] - aims
    return np.unique(borders[place - nearer_left])


def _nearest(cuts: NDArray[np.intp], sums: Floats, below: Floats, bands: int) -> tuple[int, ...] | None:
    if len(cuts) < bands - 1:
        return None
    rows = len(sums) - 1
    sets = np.array(list(combinations(cuts.tolist(), bands - 1)))
    bounds = np.column_stack([np.zeros(len(sets), dtype=int), sets, np.full(len(sets), rows)])
    n = np.diff(below[bounds], axis=1)
    rate = np.diff(sums[bounds], axis=1) / n
    fits = (np.diff(rate, axis=1) > 0).all(axis=1) & (n >= MIN_SHARE * below[-1]).all(axis=1)
    if not fits.any():
        return None
    aimed = np.array({4: SHARES, 3: (0.15, 0.35, 0.5), 2: (0.3, 0.7)}[bands])[::-1]
    distance = np.abs(np.log(n / below[-1] / aimed)).sum(axis=1)
    distance[~fits] = np.inf
    return tuple(int(c) for c in sets[int(np.argmin(distance))])
