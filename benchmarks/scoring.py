"""How fast a searched model is afterwards: a million rows against one LightGBM model of as many trees, and how fast it loads.

`python benchmarks/scoring.py` searches three development tables for a minute each, repeats their test rows to a million, and
writes docs/benchmarks/scoring.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

import lightgbm
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.search_figures.tables import TABLES, Sources  # noqa: E402
from workbench.automodel import AutoModel  # noqa: E402

ROWS = 1_000_000
NAMES = ("telco_churn", "bank_marketing", "adult")
_LOAD = "import sys, time; from pathlib import Path; from workbench.search.learners import LEARNERS; from workbench.search.ensemble import Ensemble; [learner.prepare() for learner in LEARNERS.values()]; t = time.perf_counter(); Ensemble.load(Path(sys.argv[1])); print(time.perf_counter() - t)"  # fmt: skip


def seconds(work: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def as_categories(table: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Text as the pandas categoricals of `like`: what LightGBM scores fastest from a table."""
    made = {}
    for name, column in table.items():
        text = not pd.api.types.is_numeric_dtype(column.dtype)
        made[name] = pd.Categorical(column, categories=like[name].dropna().unique()) if text else column
    return pd.DataFrame(made)


def measured(name: str, sources: Sources, budget: float) -> dict[str, float | int | str]:
    loaded = TABLES[name].load(sources, 0)
    model = AutoModel(budget=budget, seed=0).fit(loaded.train, loaded.y_train)
    ensemble = model.ensemble_
    columns = as_categories(loaded.train, loaded.train)
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 2, "learning_rate": 0.01, "num_leaves": 31},
        lightgbm.Dataset(columns, label=loaded.y_train),
        ensemble.n_trees,
    )
    times = -(-ROWS // len(loaded.test))
    rows = pd.concat([loaded.test] * times, ignore_index=True).iloc[:ROWS]
    plain = as_categories(rows, loaded.train)
    ours = seconds(lambda: ensemble.log_odds(rows))
    theirs = seconds(lambda: booster.predict(plain, raw_score=True, num_threads=2), times=1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        ensemble.save(place)
        size = sum(f.stat().st_size for f in place.rglob("*") if f.is_file())
        endings = sorted({f.suffix for f in place.rglob("*") if f.is_file()})
        loads = [float(subprocess.run([sys.executable, "-c", _LOAD, str(place)], capture_output=True, check=True, text=True, cwd=ROOT).stdout) for _ in range(3)]  # fmt: skip
    return {
        "table": name,
        "members": ", ".join(f"{m.config.family} x {len(m.models)}" for m in ensemble.members),
        "trees": ensemble.n_trees,
        "ours": ours,
        "theirs": theirs,
        "ratio": ours / theirs,
        "load": statistics.median(loads),
        "mb": size / 2**20,
        "endings": " ".join(endings),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("WORKBENCH_DATA"))
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks" / "scoring.md")
    asked = parser.parse_args()
    cache = ROOT / "var" / "benchmarks" / "search" / "made"
    sources = Sources(None if asked.data is None else asked.data.absolute(), cache)
    found = [measured(name, sources, asked.budget) for name in NAMES]
    versions = ", ".join(f"{p} {version(p)}" for p in ("lightgbm", "catboost", "xgboost-cpu"))
    lines = [
        "# Scoring a million rows",
        "",
        f"{date.today():%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, {versions}. Command: `python benchmarks/scoring.py`.",
        "",
        f"Each model was searched for {asked.budget:g} s. LightGBM: one model of as many trees (31 leaves) on the same columns, scoring the same",
        "million rows from a table with two threads; ours from the raw table, encoding included. Aims: at most 5x, loading under a second.",
        "",
        "| table | members x fold models | trees | ours | one LightGBM | ratio | load | size |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {n['table']} | {n['members']} | {n['trees']:,} | {n['ours']:.1f} s | {n['theirs']:.1f} s | {n['ratio']:.2f}x | {n['load']:.2f} s | {n['mb']:.1f} MB |"
        for n in found
    ]
    kinds = sorted({e for n in found for e in str(n["endings"]).split()})
    lines += ["", f"Files of a saved model: {', '.join(kinds)} (no pickle).", ""]
    asked.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
