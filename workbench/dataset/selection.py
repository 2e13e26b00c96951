"""Which feature columns are worth keeping, and for every other one the reason why not.

Judged on training rows only: nothing of the hold-out, and no row whose outcome was not known before it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.dataset.frame import CUTOFF, LABEL, TrainingFrame
from workbench.dataset.leakage import column_strengths, leakage_findings
from workbench.dataset.splits import make_splits
from workbench.text import Text, counted

Reason = Literal["empty", "constant", "duplicate", "leaky", "unstable", "flips", "redundant"]

_MOST_ROWS = 40_000  # of more rows a random sample tells as much about ranks
_STREAM = 4603
_BINS = 10
_SURE = 3.0  # standard errors from 0 on both sides before a sign is said to flip
_FEWEST_ROWS = 200  # in either period, before the two are compared
_FLOOR = 1e-4


@dataclass(frozen=True, kw_only=True)
class SelectionSpec:
    """When a column is given up: shares of rows, the absolute rank correlation, and the population stability index."""

    missing: float = 0.995
    same: float = 0.9995
    correlation: float = 0.95
    psi: float = 0.25
    seed: int = 0


@dataclass(frozen=True)
class Dropped:
    """One column, why it goes, the kept column that says the same if that is why, and the measured value."""

    column: str
    reason: Reason
    other: str | None
    value: float

    @property
    def sentence(self) -> Text:
        v, other = self.value, self.other or ""
        return {
            "empty": Text(f"missing in {v:.1%} of the rows", f"{v:.1%}的行缺失"),
            "constant": Text(f"the same value in {v:.2%} of the rows", f"{v:.2%}的行取值相同"),
            "duplicate": Text(f"the same values as {other}", f"与 {other} 取值完全相同"),
            "leaky": Text(
                f"knows the answer: alone it reaches an AUC of {v:.3f}", f"疑似泄漏：单列AUC达{v:.3f}"
            ),
            "unstable": Text(
                f"its values moved between the oldest and the newest cutoffs (PSI {v:.2f})",
                f"最早与最近截止日之间分布漂移（PSI {v:.2f}）",
            ),
            "flips": Text(
                f"its association with the outcome changed sign over time ({v:+.3f} at last)",
                f"与结果的关联随时间变号（最近为{v:+.3f}）",
            ),
            "redundant": Text(
                f"ranks the rows like {other}, which is stronger (correlation {v:+.3f})",
                f"与更强的 {other} 排序几乎一致（秩相关{v:+.3f}）",
            ),
        }[self.reason]

    def as_dict(self) -> dict[str, Any]:
        return {
            "column": self.column,
            "reason": self.reason,
            "other": self.other,
            "value": round(self.value, 6),
            "say": self.sentence.as_dict(),
        }


@dataclass(frozen=True)
class Selection:
    """The columns kept, in the frame's order, and those dropped, each with its reason; judged on `rows` rows."""

    kept: tuple[str, ...]
    dropped: tuple[Dropped, ...]
    rows: int
    period: tuple[str, str] | None = None  # first and last cutoff that was looked at

    def as_dict(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "period": None if self.period is None else list(self.period),
            "kept": list(self.kept),
            "dropped": [d.as_dict() for d in self.dropped],
        }

    def lines(self) -> list[str]:
        told = "" if self.period is None else f", cutoffs {self.period[0]} to {self.period[1]}"
        first = f"{counted(len(self.kept), 'column')} kept, {len(self.dropped)} dropped (judged on {counted(self.rows, 'training row')}{told})"
        return [first, *(f"  {d.column}  {d.reason}: {d.sentence.en}" for d in self.dropped)]


def select_features(frame: TrainingFrame, spec: SelectionSpec = SelectionSpec()) -> Selection:
    """What of `frame.features` to keep. Deterministic; a second run on what is kept drops nothing for the same reasons
    except where columns were compared only with dropped ones."""
    train = _training(frame, spec.seed)
    rows = train.rows
    dropped: dict[str, Dropped] = {}
    coded: dict[str, NDArray[np.float64]] = {}
    seen: dict[bytes, str] = {}
    for name in frame.features:
        values = _coded(rows[name])
        found = _uninformative(name, values, spec)
        if found is None:
            fingerprint = values.tobytes()
            other = seen.setdefault(fingerprint, name)
            if other != name:
                found = Dropped(name, "duplicate", other, 1.0)
        if found is None:
            coded[name] = values
        else:
            dropped[name] = found
    strength = _strengths(train, list(coded), spec.seed, dropped)
    left = [n for n in coded if n not in dropped]
    periods = _periods(rows)
    if periods is not None:
        for found in _unsteady(rows, {n: coded[n] for n in left}, periods, spec):
            dropped[found.column] = found
    left = [n for n in left if n not in dropped]
    numeric = [n for n in left if _is_numeric(rows[n])]
    for found in _redundant(numeric, coded, strength, spec):
        dropped[found.column] = found
    kept = tuple(n for n in frame.features if n not in dropped)
    times = rows.get(CUTOFF)
    period = None if times is None or times.empty else (f"{times.min():%Y-%m-%d}", f"{times.max():%Y-%m-%d}")
    ordered = tuple(dropped[n] for n in frame.features if n in dropped)
    return Selection(kept, ordered, len(rows), period)


def _training(frame: TrainingFrame, seed: int) -> TrainingFrame:
    splits = make_splits(
        frame, seed=seed, test_from=None if frame.judge_from is None else frame.judge_from.isoformat()
    )
    rows = frame.rows[splits.train]
    if len(rows) > _MOST_ROWS:
        chosen = np.random.default_rng([seed, _STREAM]).choice(len(rows), _MOST_ROWS, replace=False)
        rows = rows.iloc[np.sort(chosen)]
    return replace(frame, rows=rows.reset_index(drop=True))


def _is_numeric(series: pd.Series) -> bool:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return False
    return pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)


def _coded(series: pd.Series) -> NDArray[np.float64]:
    """Numbers as they are, dates as numbers, texts by order of appearance (so that a renamed copy is a copy); NaN missing."""
    if not _is_numeric(series):
        codes = pd.factorize(series)[0].astype(np.float64)
        return np.where(codes < 0, np.nan, codes)
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        moments = series.astype("datetime64[us]").astype("int64").to_numpy(dtype=np.float64)
        return np.where(series.isna().to_numpy(), np.nan, moments)
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    # one spelling for every missing value and for zero, so that equal columns have equal bytes
    return np.where(np.isnan(values), np.nan, values + 0.0)


def _uninformative(name: str, values: NDArray[np.float64], spec: SelectionSpec) -> Dropped | None:
    missing = float(np.isnan(values).mean()) if len(values) else 1.0
    if missing >= spec.missing:
        return Dropped(name, "empty", None, missing)
    ordered = np.sort(values)  # NaN last
    filled = ordered[: len(ordered) - int(np.isnan(values).sum())]
    # the longest run of equal values among the sorted ones
    edges = np.flatnonzero(np.diff(filled)) + 1
    longest = float(np.diff(np.concatenate(([0], edges, [len(filled)]))).max()) / len(values)
    longest = max(longest, missing)
    return Dropped(name, "constant", None, longest) if longest >= spec.same else None


def _strengths(
    train: TrainingFrame, names: list[str], seed: int, dropped: dict[str, Dropped]
) -> dict[str, float]:
    """The AUC that each column reaches alone; those that know the answer are dropped."""
    narrowed = replace(train, features=tuple(names))
    strength = {s.column: s.auc for s in column_strengths(narrowed, seed=seed)}
    suspects = replace(train, features=tuple(n for n in names if strength[n] > 0.6))
    for finding in leakage_findings(suspects, seed=seed):
        if finding.severity == "stop":
            dropped[finding.column] = Dropped(finding.column, "leaky", None, strength[finding.column])
    return strength


def _periods(rows: pd.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """The rows of the oldest and of the newest cutoffs, about a third each; None where that cannot be compared."""
    if CUTOFF not in rows or rows[CUTOFF].nunique() < 2:
        return None
    times = rows[CUTOFF].to_numpy()
    ordered = np.sort(times)
    early, late = ordered[len(ordered) // 3], ordered[len(ordered) - 1 - len(ordered) // 3]
    if early >= late:
        early, late = ordered[0], ordered[-1]
    old, new = times <= early, times >= late
    return (old, new) if min(old.sum(), new.sum()) >= _FEWEST_ROWS else None


def _unsteady(
    rows: pd.DataFrame,
    coded: dict[str, NDArray[np.float64]],
    periods: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    spec: SelectionSpec,
) -> list[Dropped]:
    old, new = periods
    label = rows[LABEL].to_numpy(dtype=np.float64)
    outcomes = _ranked(label[old]), _ranked(label[new])
    found = []
    for name, values in coded.items():
        psi = _psi(values[old], values[new], numeric=_is_numeric(rows[name]))
        if psi > spec.psi:
            found.append(Dropped(name, "unstable", None, psi))
        elif _is_numeric(rows[name]):
            before = float(np.dot(_ranked(values[old]), outcomes[0]))
            after = float(np.dot(_ranked(values[new]), outcomes[1]))
            bounds = _SURE / np.sqrt(old.sum()), _SURE / np.sqrt(new.sum())
            if before * after < 0 and abs(before) > bounds[0] and abs(after) > bounds[1]:
                found.append(Dropped(name, "flips", None, after))
    return found


def _psi(old: NDArray[np.float64], new: NDArray[np.float64], *, numeric: bool) -> float:
    """Population stability index over tenths of the older rows (or over levels), with missing values as one more."""
    if numeric:
        filled = old[~np.isnan(old)]
        cuts = (
            np.unique(np.quantile(filled, np.linspace(0, 1, _BINS + 1)[1:-1]))
            if len(filled)
            else np.array([])
        )
        place = [
            np.where(np.isnan(v), len(cuts) + 1, np.searchsorted(cuts, v, side="left")) for v in (old, new)
        ]
    else:
        levels = int(np.nanmax(np.concatenate((old, new, [0.0])))) + 1
        place = [np.where(np.isnan(v), levels, v) for v in (old, new)]
    size = int(max(p.max() for p in place)) + 1
    shares = [np.bincount(p.astype(np.int64), minlength=size) / len(p) for p in place]
    if not numeric and size > _BINS:  # rare levels together, else they make noise
        rare = shares[0] < 0.01
        shares = [np.append(s[~rare], s[rare].sum()) for s in shares]
    before, after = (np.maximum(s, _FLOOR) for s in shares)
    return float(((after - before) * np.log(after / before)).sum())


def _ranked(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Ranks with mean 0 and length 1; ties share theirs, missing values stand in the middle."""
    missing = np.isnan(values)
    order = np.argsort(values, kind="stable")  # NaN last
    filled = values[order][: len(values) - int(missing.sum())]
    starts = (
        np.flatnonzero(np.concatenate(([True], np.diff(filled) > 0))) if len(filled) else np.array([], int)
    )
    sizes = np.diff(np.append(starts, len(filled)))
    middle = np.repeat(starts + (sizes - 1) / 2, sizes)
    ranks = np.full(len(values), (len(filled) - 1) / 2)
    ranks[order[: len(filled)]] = middle
    ranks -= ranks.mean()
    length = float(np.sqrt((ranks * ranks).sum()))
    return (ranks / length if length else ranks).astype(np.float32)


def _redundant(
    names: Sequence[str],
    coded: dict[str, NDArray[np.float64]],
    strength: dict[str, float],
    spec: SelectionSpec,
) -> list[Dropped]:
    """The strongest first; a column goes if one that is kept already ranks the rows alike, either way round."""
    if not names:
        return []
    position = {n: i for i, n in enumerate(names)}
    ordered = sorted(names, key=lambda n: (-round(strength[n], 4), position[n]))
    ranks = np.stack([_ranked(coded[n]) for n in ordered])
    alike = ranks @ ranks.T
    kept = np.zeros(len(ordered), dtype=bool)
    found = []
    for place, name in enumerate(ordered):
        with_kept = np.where(kept, np.abs(alike[place]), 0.0)
        nearest = int(with_kept.argmax())
        if with_kept[nearest] >= spec.correlation:
            found.append(Dropped(name, "redundant", ordered[nearest], float(alike[place, nearest])))
        else:
            kept[place] = True
    return found
