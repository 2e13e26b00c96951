"""Columns that know too much: evidence that a feature was filled in only after the outcome was.

No name is ever looked at, only what each column alone says about the label. Two signs are measured, both honestly:
what is learnt on one random half of the rows is judged on the other.

- *Strength*: the AUC that the column alone reaches. From .975 on a model would only repeat the answer, so it stops;
  from .85 on it warns: few honest columns are that good, but some are.
- *Purity*: a part of the column's values (some levels, a range, being filled or being missing) in which at least 95%
  of the rows have the rarer outcome. If it holds a twentieth of that outcome's rows it warns; if at least 99% are pure and
  it holds half of them, it stops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.frame import LABEL, TrainingFrame

STOP_AUC, WARN_AUC = 0.975, 0.85
PURE, PURE_STOP = 0.95, 0.99
CAPTURED, CAPTURED_STOP = 0.05, 0.50
FEWEST_PURE = 20

_BINS = 32
_MOST_ROWS = 200_000  # of a larger frame a random sample tells as much
_FEWEST_IN_LEVEL = 3
_STREAM = 7919
_SMOOTHING = 2.0  # rows of the average mixed into each level, so that a level of one row proves nothing

Severity = Literal["stop", "warn"]

ASK = (
    "Is it known on the day when you choose whom to contact? If not, leave it out (of a file: --known-after-event "
    "COLUMN); if it is, say so (--known-before COLUMN, or `known_before:` of the label) and train again."
)


@dataclass(frozen=True)
class LeakFinding:
    """One column that knows too much: WB-D21 (too strong), WB-D22 (very strong), WB-D23 (pure part), WB-D24 (nothing
    replaces it)."""

    code: str
    severity: Severity
    column: str
    message: str
    hint: str
    auc: float


@dataclass(frozen=True)
class Strength:
    """What one column alone says about the label."""

    column: str
    auc: float
    purity: float  # share of the rarer outcome in the column's pure part; 0 if it has none
    captured: float  # share of all rows with the rarer outcome that lie in this part
    part: str  # "is 'closed'", "has a value", "lies above 3", ...


def leakage_findings(
    frame: TrainingFrame, *, seed: int = 0, known_before: tuple[str, ...] = ()
) -> tuple[LeakFinding, ...]:
    """Columns that may have been filled in after the event, the strongest first; those `known_before`, or that the
    label vouches for, are trusted."""
    trusted = {*known_before, *frame.known_before}
    findings = []
    for strength in column_strengths(frame, seed=seed):
        if strength.column in trusted:
            continue
        finding = _finding(strength, frame)
        if finding is not None:
            findings.append(finding)
    return tuple(sorted(findings, key=lambda f: (f.severity != "stop", -f.auc)))


def column_strengths(frame: TrainingFrame, *, seed: int = 0) -> tuple[Strength, ...]:
    """What each feature alone says about the label, the strongest first: the columns worth asking a person about."""
    rows = frame.rows
    # a stream of its own: the halves must not follow a label that somebody simulated with the same seed
    rng = np.random.default_rng([seed, _STREAM])
    if len(rows) > _MOST_ROWS:
        rows = rows.iloc[np.sort(rng.choice(len(rows), _MOST_ROWS, replace=False))]
    label = rows[LABEL].to_numpy().astype(np.int64)
    half = (rng.random(len(rows)) < 0.5).astype(np.int64)
    strengths = [_strength(name, rows[name], label, half) for name in frame.features]
    return tuple(sorted(strengths, key=lambda s: -s.auc))


def _finding(strength: Strength, frame: TrainingFrame) -> LeakFinding | None:
    name = strength.column
    if strength.auc >= STOP_AUC:
        return LeakFinding(
            "WB-D21",
            "stop",
            name,
            f"Column '{name}' alone predicts the label almost perfectly (AUC {strength.auc:.3f}; from {STOP_AUC} on a column "
            f"is taken to know the answer).",
            ASK,
            strength.auc,
        )
    if strength.purity >= PURE and strength.captured >= CAPTURED:
        certain = strength.purity >= PURE_STOP and strength.captured >= CAPTURED_STOP
        rarer = frame.event_class if frame.rows[LABEL].mean() <= 0.5 else frame.other_class
        return LeakFinding(
            "WB-D23",
            "stop" if certain else "warn",
            name,
            f"Where column '{name}' {strength.part}, {strength.purity:.1%} of the rows are '{rarer}', and "
            f"{strength.captured:.0%} of all '{rarer}' rows lie there.",
            ASK,
            strength.auc,
        )
    if strength.auc >= WARN_AUC:
        return LeakFinding(
            "WB-D22",
            "warn",
            name,
            f"Column '{name}' alone predicts the label very well (AUC {strength.auc:.3f}; few honest columns reach {WARN_AUC}).",
            ASK,
            strength.auc,
        )
    return None


@dataclass(frozen=True)
class _Coded:
    """A column as level numbers; the last level is "missing"."""

    codes: NDArray[np.int64]
    levels: int
    names: tuple[str, ...]  # of text
    cuts: NDArray[np.float64] | None  # of numbers: level i lies above cuts[i-1], up to cuts[i]


def _strength(name: str, series: pd.Series, label: NDArray[np.int64], half: NDArray[np.int64]) -> Strength:
    numeric = _numbers(series)
    coded = _coded_text(series) if numeric is None else _coded_numbers(numeric)
    # [level, half, label] -> rows
    counts = np.bincount(coded.codes * 4 + half * 2 + label, minlength=4 * coded.levels)
    counts = counts.reshape(coded.levels, 2, 2).astype(np.float64)
    auc = max(0.5, _crossed_auc(counts))
    if numeric is not None:
        auc = max(auc, _ranked_auc(numeric, label))
    purity, captured, part = _pure_part(counts, coded)
    return Strength(name, round(auc, 6), purity, captured, part)


def _numbers(series: pd.Series) -> NDArray[np.float64] | None:
    """Numbers and dates as float64 with NaN for missing; None for text."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return None
    if pd.api.types.is_datetime64_any_dtype(dtype):
        missing = series.isna().to_numpy()
        return np.where(missing, np.nan, series.astype("int64").to_numpy(dtype=np.float64))
    if pd.api.types.is_numeric_dtype(dtype):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return None


def _coded_text(series: pd.Series) -> _Coded:
    codes, names = pd.factorize(series)
    return _Coded(
        np.where(codes < 0, len(names), codes).astype(np.int64), len(names) + 1, tuple(map(str, names)), None
    )


def _coded_numbers(values: NDArray[np.float64]) -> _Coded:
    missing = np.isnan(values)
    present = values[~missing]
    if not len(present):
        return _Coded(np.zeros(len(values), np.int64), 1, (), np.array([]))
    # quantiles that are values of the column, each the upper end of its bin: so 0 among amounts is a bin of its own
    cuts = np.unique(np.quantile(present, np.linspace(0, 1, _BINS + 1), method="lower"))
    codes = np.searchsorted(cuts, values, side="left")
    codes[missing] = len(cuts)
    return _Coded(codes.astype(np.int64), len(cuts) + 1, (), cuts)


def _crossed_auc(counts: NDArray[np.float64]) -> float:
    """AUC of the levels' event rates, learnt on one half and judged on the other, averaged over both ways."""
    areas = []
    for learn, judge in ((0, 1), (1, 0)):
        rows, events = counts[:, learn].sum(axis=1), counts[:, learn, 1]
        average = events.sum() / max(rows.sum(), 1)
        rates = (events + _SMOOTHING * average) / (rows + _SMOOTHING)
        _, group = np.unique(rates, return_inverse=True)
        areas.append(_area(_tally(group, counts[:, judge, 1]), _tally(group, counts[:, judge, 0])))
    return float(np.mean(areas))


def _tally(group: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of the weights in each group."""
    return np.bincount(group, weights).astype(np.float64)


def _area(events: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """AUC from counts per group, groups in rising order of score; ties count one half."""
    pairs = events.sum() * others.sum()
    if not pairs:
        return 0.5
    below = np.cumsum(others) - others
    return float((events * (below + 0.5 * others)).sum() / pairs)


def _ranked_auc(values: NDArray[np.float64], label: NDArray[np.int64]) -> float:
    """AUC of the numbers as they are, either way round, with missing values at whichever end fits better."""
    missing = np.isnan(values)
    order = np.argsort(values[~missing], kind="stable")
    ordered, events = values[~missing][order], label[~missing][order].astype(np.float64)
    group = np.cumsum(np.diff(ordered, prepend=ordered[:1]) > 0)
    with_event, without = _tally(group, events), _tally(group, 1 - events)
    if not missing.any():
        area = _area(with_event, without)
        return max(area, 1 - area)
    events_there = float(label[missing].sum())
    others_there = float(missing.sum()) - events_there
    low = _area(np.insert(with_event, 0, events_there), np.insert(without, 0, others_there))
    high = _area(np.append(with_event, events_there), np.append(without, others_there))
    return max(low, 1 - low, high, 1 - high)


def _pure_part(counts: NDArray[np.float64], coded: _Coded) -> tuple[float, float, str]:
    """The levels that are nearly all of the rarer outcome: their purity and capture, judged on the other half."""
    total = counts.sum(axis=(0, 1))
    rarer = 1 if total[1] <= total[0] else 0
    pure_rows = pure_all = 0.0
    chosen = np.zeros(coded.levels, dtype=bool)
    for learn, judge in ((0, 1), (1, 0)):
        rows = counts[:, learn].sum(axis=1)
        pure = (rows >= _FEWEST_IN_LEVEL) & (counts[:, learn, rarer] >= PURE * rows)
        pure_rows += counts[pure, judge, rarer].sum()
        pure_all += counts[pure, judge].sum()
        chosen |= pure
    if pure_rows < FEWEST_PURE:
        return 0.0, 0.0, ""
    return float(pure_rows / pure_all), float(pure_rows / total[rarer]), _described(chosen, coded, counts)


def _described(chosen: NDArray[np.bool_], coded: _Coded, counts: NDArray[np.float64]) -> str:
    """A part of a column's values in words."""
    filled = counts[:-1].sum(axis=(1, 2)) > 0
    if chosen[-1] and not chosen[:-1].any():
        return "is missing"
    if not chosen[-1] and chosen[:-1][filled].all():
        return "has a value"
    if coded.cuts is None:
        names = [f"'{coded.names[i]}'" for i in np.flatnonzero(chosen[:-1])]
        more = f" or one of {len(names) - 3} more" if len(names) > 3 else ""
        return "is " + " or ".join(names[:3]) + more + (" or missing" if chosen[-1] else "")
    places = np.flatnonzero(chosen[:-1])
    if places[-1] - places[0] + 1 > len(places) or chosen[-1]:
        return "has certain values"
    if places[-1] == len(coded.cuts) - 1:
        return f"lies above {coded.cuts[places[0] - 1]:,.6g}"
    if places[0] == 0:
        return f"is at most {coded.cuts[places[-1]]:,.6g}"
    return f"lies above {coded.cuts[places[0] - 1]:,.6g} and is at most {coded.cuts[places[-1]]:,.6g}"
