"""Who teaches and who judges: the hold-out and the folds, out of time wherever rows have dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pandas.util import hash_pandas_object

from workbench.dataset.frame import LABEL, OUTCOME_KNOWN, TrainingFrame
from workbench.errors import DataError
from workbench.text import Text

SplitKind = Literal["out_of_time", "grouped", "random"]
InnerKind = Literal["grouped", "forward", "times"]

_TEST_SHARE = 0.2  # of the rows, where no dates decide
_TEST_EVENT_SHARE = 0.22  # of the events, where dates decide
_MIN_TEST_EVENTS = 100  # fewer leave the interval of the AUC wider than any difference between models
_MIN_TRAIN_EVENTS = 20
_MAX_CANDIDATES = 400
_LEAST_DIFFERENT_SHARE = 0.2
_FORWARD_FOLDS = 3
_LARGEST_FOLD = 80_000  # a single fold needs no more to tell candidates apart
_WIDE_CELLS = 5_000_000  # rows x columns beyond which each fold costs seconds

Folds = list[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Splits:
    """One split of a training frame's rows; nothing is judged on a row it learned from.

    `folds` holds (train, valid) row numbers of the whole frame, all inside `train`. Rows in neither `holdout`
    nor `train` were purged: their outcome became known only after the first test cutoff.
    """

    kind: SplitKind
    holdout: np.ndarray  # bool per row
    train: np.ndarray  # bool per row
    folds: Folds
    sentence: Text
    test_from: pd.Timestamp | None = None
    purged: int = 0

    def folds_within_train(self) -> Folds:
        """The folds as positions among the training rows alone, for a table that holds only those."""
        position = np.cumsum(self.train) - 1
        return [(position[a], position[b]) for a, b in self.folds]


def make_splits(
    frame: TrainingFrame,
    *,
    seed: int,
    test_from: pd.Timestamp | str | None = None,
    inner: InnerKind = "grouped",
) -> Splits:
    """The split of `frame`: out of time if it has dates that allow it, else by entity, else by row.

    Out of time, the last windows with about 22% of the events judge (at least 100 events where possible), and a
    row may teach only if its outcome was known strictly before the first test cutoff; the same customer may be on
    both sides, as in life. `test_from` sets the first test cutoff. `inner` chooses the folds among training rows
    of a dated frame: by entity, forward in time, or whole cutoff times held out.

    Raises DataError WB-D40 if `test_from` leaves one class on either side, WB-D41 if it is not a date.
    """
    y = frame.rows[LABEL].to_numpy(dtype=np.int64)
    groups = _group_codes(frame)
    if frame.time is not None:
        times = _moments(frame.rows[frame.time])
        known = _moments(frame.rows[OUTCOME_KNOWN]) if OUTCOME_KNOWN in frame.rows else times
        first = _first_test(times, known, y) if test_from is None else _moment(test_from)
        if first is not None:
            return _out_of_time(
                times, known, y, groups, first, inner=inner, seed=seed, columns=len(frame.features)
            )
    return _hold_out(y, groups, seed=seed, columns=len(frame.features), dates_fail=frame.time is not None)


def folds_of(frame: TrainingFrame, train: np.ndarray, *, seed: int) -> Folds:
    """Folds among the training rows that `train` marks (bool per row of `frame`), by entity where there is one."""
    index = np.flatnonzero(train)
    groups = _group_codes(frame)
    y = frame.rows[LABEL].to_numpy(dtype=np.int64)[index]
    inside = cross_validation(
        y, None if groups is None else groups[index], seed=seed + 1, columns=len(frame.features)
    )
    return [(index[a], index[b]) for a, b in inside]


def fold_count(rows: int, columns: int = 1) -> int:
    """Folds by size: small tables want many, large or very wide ones have room for few.

    >>> [fold_count(n) for n in (1_000, 20_000, 150_000, 1_000_000)]
    [8, 5, 3, 1]
    >>> fold_count(3_000, columns=5_000)
    3
    """
    by_rows = 8 if rows < 1_500 else 5 if rows < 30_000 else 3 if rows < 300_000 else 1
    return min(by_rows, 3) if rows * columns > _WIDE_CELLS else by_rows


def cross_validation(y: np.ndarray, groups: np.ndarray | None, *, seed: int, columns: int = 1) -> Folds:
    """Stratified folds by size; rows of one group are never parted.

    From 300,000 rows on a single fold of about 80,000 rows. Empty if a class has fewer than two groups.
    """
    codes = np.arange(len(y)) if groups is None else pd.factorize(groups)[0]
    k = fold_count(len(y), columns)
    parts = k if k > 1 else max(5, len(y) // _LARGEST_FOLD)
    return grouped_folds(y, codes, parts, seed=seed)[:k]


def grouped_folds(y: np.ndarray, groups: np.ndarray, k: int, *, seed: int) -> Folds:
    """`k` folds that never part a group and have nearly the same number of events and rows each.

    Groups are ordered by events and rows (ties at random) and dealt out like cards, `k` at a time.
    """
    size = int(groups.max()) + 1 if len(groups) else 0
    events = np.bincount(groups, weights=y, minlength=size)
    rows = np.bincount(groups, minlength=size)
    k = int(min(k, np.count_nonzero(events > 0), np.count_nonzero(events < rows)))
    if k < 2:
        return []
    rng = np.random.default_rng(seed)
    order = np.lexsort((rng.random(size), rows, events))[::-1]
    hands = np.concatenate([rng.permutation(k) for _ in range(-(-size // k))])[:size]
    fold_of_group = np.empty(size, dtype=np.int64)
    fold_of_group[order] = hands
    fold = fold_of_group[groups]
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def _group_codes(frame: TrainingFrame) -> np.ndarray | None:
    if frame.entity is None or frame.entity not in frame.rows:
        return _copies(frame)
    codes, uniques = pd.factorize(frame.rows[frame.entity], use_na_sentinel=False)
    return codes if len(uniques) < len(codes) else None


def _copies(frame: TrainingFrame) -> np.ndarray | None:
    """Without a customer number, rows that repeat each other in every feature stay on one side.

    A table that was loaded twice would else be judged on rows that it learned from. Where a few coarse columns make
    most rows alike anyway, likeness says nothing and every row stands for itself.
    """
    alike = hash_pandas_object(frame.rows[list(frame.features)], index=False).to_numpy()  # ty: ignore[not-callable]
    codes, different = pd.factorize(alike)
    return codes if _LEAST_DIFFERENT_SHARE * len(codes) <= len(different) < len(codes) else None


def _moments(column: pd.Series) -> np.ndarray:
    moments = pd.to_datetime(column)
    if moments.dt.tz is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    return moments.to_numpy().astype("datetime64[ns]")


def _moment(value: object) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(value)  # ty: ignore[invalid-argument-type]
    except (ValueError, TypeError) as exc:
        raise DataError(
            "WB-D41", f"A test date must be a date, but got {value!r}.", "Write it as 2017-10-01."
        ) from exc
    if not isinstance(moment, pd.Timestamp):
        raise DataError("WB-D41", "A test date must be a date, but got none.", "Write it as 2017-10-01.")
    return moment


def _first_test(times: np.ndarray, known: np.ndarray, y: np.ndarray) -> pd.Timestamp | None:
    """The first test cutoff whose later rows hold nearest to 22% of the events; None if no cutoff works."""
    candidates = np.unique(times[~np.isnat(times)])[1:]
    if len(candidates) > _MAX_CANDIDATES:
        candidates = candidates[np.linspace(0, len(candidates) - 1, _MAX_CANDIDATES).astype(int)]
    best: tuple[float, np.datetime64] | None = None
    for first in candidates:
        test, train = times >= first, known < first
        test_events, train_events = int(y[test].sum()), int(y[train].sum())
        others = min(int(test.sum()) - test_events, int(train.sum()) - train_events)
        if test_events < 1 or train_events < _MIN_TRAIN_EVENTS or others < _MIN_TRAIN_EVENTS:
            continue
        share = test_events / (test_events + train_events)
        short = max(0, _MIN_TEST_EVENTS - test_events) / _MIN_TEST_EVENTS
        cost = abs(share - _TEST_EVENT_SHARE) + 0.5 * short
        if best is None or cost < best[0]:
            best = (cost, first)
    return None if best is None else _moment(best[1])


def _out_of_time(
    times: np.ndarray,
    known: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray | None,
    first: pd.Timestamp,
    *,
    inner: InnerKind,
    seed: int,
    columns: int,
) -> Splits:
    start = first.to_datetime64()
    holdout, train = times >= start, known < start
    for name, part in (("on or after", holdout), ("with outcomes known before", train)):
        events = int(y[part].sum())
        if events == 0 or events == int(part.sum()):
            raise DataError(
                "WB-D40",
                f"The rows {name} {first:%Y-%m-%d} number {int(part.sum())} with {events} events; "
                "both classes are needed on both sides of the test date.",
                "Choose another test date.",
            )
    index = np.flatnonzero(train)
    if inner == "forward":
        inside = _forward(times[index], known[index], y[index])
    else:
        by = (
            pd.factorize(times[index])[0]
            if inner == "times"
            else groups[index]
            if groups is not None
            else None
        )
        inside = cross_validation(y[index], by, seed=seed, columns=columns)
    purged = int(len(y) - holdout.sum() - train.sum())
    date = f"{first:%Y-%m-%d}"
    en = (
        f"Judged out of time: {int(holdout.sum()):,} rows ({int(y[holdout].sum()):,} events) from {date} on; learned "
        f"from {int(train.sum()):,} rows ({int(y[train].sum()):,} events) whose outcome was known before that day; "
        f"{purged:,} rows in between were left out."
    )
    zh = (
        f"按时间外样本评估:{date} 起的 {int(holdout.sum()):,} 行({int(y[holdout].sum()):,} 个事件);"
        f"训练使用此前已知结果的 {int(train.sum()):,} 行({int(y[train].sum()):,} 个事件);"
        f"介于两者之间的 {purged:,} 行未使用。"
    )
    folds = [(index[a], index[b]) for a, b in inside]
    return Splits("out_of_time", holdout, train, folds, Text(en, zh), first, purged)


def _forward(times: np.ndarray, known: np.ndarray, y: np.ndarray) -> Folds:
    """Folds that judge a window from rows known before it, the latest window first."""
    folds: Folds = []
    moments = np.unique(times)
    end: np.datetime64 | None = None
    events = int(y.sum())
    for first in moments[::-1]:
        if len(folds) == _FORWARD_FOLDS:
            break
        valid = (times >= first) if end is None else (times >= first) & (times < end)
        train = known < first
        if y[train].sum() < _MIN_TRAIN_EVENTS or y[train].sum() == train.sum():
            break
        if y[valid].sum() >= max(10, 0.1 * events) and y[valid].sum() < valid.sum():
            folds.append((np.flatnonzero(train), np.flatnonzero(valid)))
            end = first
    return folds


def _hold_out(
    y: np.ndarray, groups: np.ndarray | None, *, seed: int, columns: int, dates_fail: bool
) -> Splits:
    codes = np.arange(len(y)) if groups is None else groups
    parts = grouped_folds(y, codes, round(1 / _TEST_SHARE), seed=seed)
    holdout = np.zeros(len(y), dtype=bool)
    if parts:
        holdout[parts[0][1]] = True
    train = ~holdout
    index = np.flatnonzero(train)
    inside = cross_validation(
        y[index], None if groups is None else groups[index], seed=seed + 1, columns=columns
    )
    folds = [(index[a], index[b]) for a, b in inside]
    kind: SplitKind = "random" if groups is None else "grouped"
    return Splits(kind, holdout, train, folds, _sentence(y, holdout, kind, dates_fail=dates_fail))


def _sentence(y: np.ndarray, holdout: np.ndarray, kind: SplitKind, *, dates_fail: bool) -> Text:
    rows, events, rest = int(holdout.sum()), int(y[holdout].sum()), int((~holdout).sum())
    how_en = "at random" if kind == "random" else "at random, no customer on both sides"
    how_zh = "随机抽取" if kind == "random" else "随机抽取,同一客户不会同时出现在两侧"
    why_en = " The dates cover too little for a judgement out of time." if dates_fail else ""
    why_zh = "日期跨度不足,无法做时间外评估。" if dates_fail else ""
    return Text(
        f"Judged on {rows:,} rows ({events:,} events) held out {how_en}; learned from {rest:,} rows.{why_en}",
        f"在{how_zh}的 {rows:,} 行({events:,} 个事件)留出样本上评估;训练使用 {rest:,} 行。{why_zh}",
    )
