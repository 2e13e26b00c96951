"""Fewer training rows where a budget has no room for all: every event stays, other rows are drawn by month, and what was
learned is put right for that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
import pandas as pd

from workbench.dataset.frame import CUTOFF, LABEL, TrainingFrame
from workbench.dataset.splits import Splits, folds_of
from workbench.text import Text

_RARER_SHARE = 0.5  # of the drawn rows, that the rarer outcome may fill before it is drawn from as well


@dataclass(frozen=True)
class Drawn:
    """A sample of the training rows. The hold-out is what it was: a sample teaches, but never judges.

    `weights` has one value per training row of `splits`, in their order: how many rows of the table it stands for.
    `shift` is to be added to log-odds that were learned without the weights (G. King, L. Zeng, "Logistic regression in rare
    events data", 2001: the log of the shares drawn of non-events and events).
    """

    splits: Splits
    weights: np.ndarray
    shift: float
    sentence: Text

    def plain(self, *, seed: int) -> np.ndarray:
        """True per training row of a sample of the sample in which events have their natural share."""
        rng = np.random.default_rng([seed, 2])
        return rng.random(len(self.weights)) < self.weights / self.weights.max()


def drawn(frame: TrainingFrame, splits: Splits, most_rows: int, *, seed: int) -> Drawn | None:
    """At most about `most_rows` training rows, or None if there are no more than that.

    All rows of the rarer outcome stay as long as they are at most half of the sample. Of the others the same share is drawn
    from each month of cutoffs (without dates: from all).
    """
    index = np.flatnonzero(splits.train)
    if len(index) <= most_rows:
        return None
    y = frame.rows[LABEL].to_numpy()[index]
    rarer = int(y.mean() <= 0.5)
    few = int((y == rarer).sum())
    kept_few = min(few, int(_RARER_SHARE * most_rows))
    shares = {rarer: kept_few / few, 1 - rarer: (most_rows - kept_few) / (len(index) - few)}
    rng = np.random.default_rng([seed, len(index), most_rows])
    period = _months(frame, index)
    taken = np.zeros(len(index), dtype=bool)
    for outcome, share in shares.items():
        for number in np.unique(period):
            rows = np.flatnonzero((y == outcome) & (period == number))
            taken[rng.choice(rows, size=round(share * len(rows)), replace=False)] = True
    train = np.zeros(len(splits.train), dtype=bool)
    train[index[taken]] = True
    weights = np.where(y[taken] == 1, 1 / shares[1], 1 / shares[0])
    narrowed = replace(splits, train=train, folds=folds_of(frame, train, seed=seed))
    return Drawn(
        narrowed,
        weights,
        log(shares[0] / shares[1]),
        _sentence(len(index), y, taken, shares, dated=period.max() > 0),
    )


def _months(frame: TrainingFrame, index: np.ndarray) -> np.ndarray:
    column = CUTOFF if CUTOFF in frame.rows.columns else frame.time
    if column is None or column not in frame.rows.columns:
        return np.zeros(len(index), dtype=np.int64)
    months = pd.to_datetime(frame.rows[column].iloc[index]).dt.strftime("%Y-%m")
    return pd.factorize(months, use_na_sentinel=False)[0]


def _sentence(rows: int, y: np.ndarray, taken: np.ndarray, shares: dict[int, float], *, dated: bool) -> Text:
    n, events = int(taken.sum()), int(y[taken].sum())
    if shares[1] == 1:
        what_en, what_zh = (
            f"all {events:,} events and {n - events:,} others",
            f"全部 {events:,} 个事件及 {n - events:,} 行其他",
        )
    elif shares[0] == 1:
        what_en, what_zh = (
            f"all {n - events:,} non-events and {events:,} events",
            f"全部 {n - events:,} 个非事件及 {events:,} 个事件",
        )
    else:
        what_en, what_zh = f"{n:,} rows with {events:,} events", f"{n:,} 行（{events:,} 个事件）"
    by_en, by_zh = (", drawn by month", "按月") if dated else (", drawn at random", "随机")
    return Text(
        f"The budget has no room for all {rows:,} training rows: {what_en}{by_en}, taught. Probabilities are "
        "corrected for the draw, and the hold-out was judged whole.",
        f"预算不足以使用全部 {rows:,} 行训练数据：{by_zh}抽取{what_zh}用于训练。概率已按抽样校正，留出样本完整评估。",
    )
