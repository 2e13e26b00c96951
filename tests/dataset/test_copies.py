"""A table that was loaded twice is not judged on rows that it learned from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.splits import make_splits


def frame(rows: pd.DataFrame) -> TrainingFrame:
    features = tuple(c for c in rows.columns if c != LABEL)
    return TrainingFrame(task="t", kind="response", rows=rows.reset_index(drop=True), features=features)


def some(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng([7, rows])
    return pd.DataFrame(
        {
            "a": rng.normal(size=rows),
            "b": rng.normal(size=rows),
            LABEL: (rng.uniform(size=rows) < 0.3).astype("int8"),
        }
    )


def test_copies_of_a_row_stay_on_one_side() -> None:
    once = some(400)
    twice = frame(pd.concat([once, once]))
    splits = make_splits(twice, seed=0)
    held, taught = (set(twice.rows.loc[mask, "a"]) for mask in (splits.holdout, splits.train))
    assert held and taught and not held & taught
    for train, valid in splits.folds:
        assert not set(twice.rows["a"].iloc[train]) & set(twice.rows["a"].iloc[valid])


def test_rows_that_are_alike_because_columns_are_coarse_stand_for_themselves() -> None:
    rng = np.random.default_rng(3)
    coarse = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 500), LABEL: (rng.uniform(size=500) < 0.4).astype("int8")}
    )
    splits = make_splits(frame(coarse), seed=0)
    assert splits.kind == "random"
    assert 80 <= splits.holdout.sum() <= 120
