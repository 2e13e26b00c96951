"""Coupon response out of time: the workbench against a quick booster on the same rows.

Trained on contacts whose campaign closed before October 2017; judged on those from October on that end within the data.
`python benchmarks/coupon.py` opens October and writes down that it did; `--rolling` judges on earlier windows instead, as often as you like.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.config import Home
from workbench.dataset.build import build_training_frame
from workbench.dataset.frame import CUTOFF, LABEL, TrainingFrame
from workbench.dataset.splits import make_splits
from workbench.evaluation import evaluate, paired_difference
from workbench.search.budget import Deadline
from workbench.search.search import search
from workbench.search.spec import SearchSpec

ROOT = Path(__file__).parents[1]
TASK = "complete_journey/coupon_response"
OCTOBER = "2017-10-01"
ROLLING = (("2017-05-08", "2017-06-28"), ("2017-06-28", "2017-08-08"), ("2017-08-08", OCTOBER))
QUICK = (
    "visits_distinct_all", "visits_days_since_last_all", "trips_distinct_30d", "trips_distinct_90d", "spend_sum_30d", "spend_sum_90d",
    "spend_sum_all", "stores_distinct_180d", "redeemed_count_all", "coupon_trip_share", "coupon_saving_sum_all", "coupon_saving_sum_90d",
    "wanted_sum_90d", "wanted_sum_all", "wanted_with_coupon_count_all", "asked_count_all",
)  # fmt: skip


DEMO = (
    "The demo judges its coupon model on the same contacts, so each demo run shows the figure as well; features and search were "
    "chosen on the rolling windows only."
)


def quick_booster(frame: TrainingFrame, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """An untuned LightGBM on 16 plain features."""
    import lightgbm as lgb

    columns = [name for name in QUICK if name in frame.features]
    x, y = frame.rows[columns].astype(float), frame.rows[LABEL]
    model = lgb.LGBMClassifier(
        n_estimators=200, learning_rate=0.05, num_leaves=15, random_state=0, n_jobs=2, verbose=-1
    )
    model.fit(x[train], y[train])
    return model.predict_proba(x[test])[:, 1], columns


def judged(frame: TrainingFrame, test_from: str, until: str | None, seconds: float) -> dict[str, object]:
    if until is not None:  # nothing of what comes later is so much as in the frame
        rows = frame.rows[frame.rows[CUTOFF] < pd.Timestamp(until)].reset_index(drop=True)
        frame = replace(frame, rows=rows)
    splits = make_splits(frame, seed=0, test_from=pd.Timestamp(test_from))
    rows = frame.rows[splits.train].reset_index(drop=True)
    held = frame.rows[splits.holdout]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as journal:
        found = search(
            rows[list(frame.features)],
            rows[LABEL].to_numpy(),
            folds=splits.folds_within_train(),
            spec=SearchSpec(seconds=seconds, seed=0),
            deadline=Deadline.after(seconds),
            journal=Path(journal),
            entity=rows[frame.entity].to_numpy(),
        )
    took = time.perf_counter() - start
    y, entity = held[LABEL].to_numpy(), held[frame.entity].to_numpy()
    ours = found.model.predict_proba(held[list(frame.features)])
    theirs, columns = quick_booster(frame, splits.train, splits.holdout)
    here, there = (evaluate(y, p, entity=entity, n_boot=500) for p in (ours, theirs))
    difference = paired_difference(y, ours, theirs, entity=entity, n_boot=1000)
    return {
        "from": test_from if until is None else f"{test_from} to {until}", "rows": len(held), "events": int(y.sum()), "seconds": took, "columns": len(columns),
        "auc": here.metrics["auc"], "auc_interval": here.intervals["auc"], "lift": here.metrics["lift_10"],
        "lift_interval": here.intervals["lift_10"], "quick_auc": there.metrics["auc"], "quick_lift": there.metrics["lift_10"],
        "difference": difference,
    }  # fmt: skip


def line(found: dict[str, object]) -> str:
    low, high = found["auc_interval"]  # ty: ignore[not-iterable]
    lift_low, lift_high = found["lift_interval"]  # ty: ignore[not-iterable]
    diff, d_low, d_high = found["difference"]  # ty: ignore[not-iterable]
    return (
        f"| {found['from']} | {found['rows']:,} / {found['events']} | {found['auc']:.3f} ({low:.3f}-{high:.3f}) | {found['lift']:.2f} "
        f"({lift_low:.2f}-{lift_high:.2f}) | {found['quick_auc']:.3f} | {found['quick_lift']:.2f} | {diff:+.3f} ({d_low:+.3f} to {d_high:+.3f}) |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rolling", action="store_true")
    parser.add_argument("--seconds", type=float, default=40.0)
    asked = parser.parse_args()
    frame = build_training_frame(Home(ROOT), TASK)
    windows = ROLLING if asked.rolling else ((OCTOBER, None),)
    found = [judged(replace(frame, judge_from=None), day, until, asked.seconds) for day, until in windows]
    packages = ("lightgbm", "catboost", "xgboost-cpu", "scikit-learn")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    name = "coupon-rolling" if asked.rolling else "coupon"
    target = ROOT / "docs" / "benchmarks" / f"{name}.md"
    opened = (
        []
        if asked.rolling or not target.exists()
        else [x for x in target.read_text().splitlines() if x.startswith("- opened")]
    )
    if not asked.rolling:
        opened.append(
            f"- opened on {date.today()}: AUC {found[0]['auc']:.3f}, lift at 10% {found[0]['lift']:.2f}"
        )
    lines = [
        "# Coupon response, out of time" + (", rolling windows before October" if asked.rolling else ""),
        "",
        f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} cores; {versions}.",
        f"Command: `python benchmarks/coupon.py{' --rolling' if asked.rolling else ''} --seconds {asked.seconds:g}`. "
        f"{len(frame.features)} features against an untuned LightGBM on {found[0]['columns']}; intervals by household.",
        "",
        "| judged from | rows / events | AUC | lift at 10% | quick AUC | quick lift | paired AUC difference |",
        "|---|---|---|---|---|---|---|",
        *(line(each) for each in found),
        "",
        *opened,
        *([] if asked.rolling else ["", DEMO]),
    ]
    target.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print(target.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
