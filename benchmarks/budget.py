"""Whether the budget is the truth: wall time of whole runs, how fast *finish now* and *cancel* answer, what more processes bring.

`python benchmarks/budget.py` trains from files of several sizes, a million rows among them, by the command line a person
would give, and writes docs/benchmarks/budget.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.search_figures.tables import TABLES, Sources  # noqa: E402
from workbench.dataset.splits import cross_validation  # noqa: E402
from workbench.search.budget import Deadline  # noqa: E402
from workbench.search.past import Past  # noqa: E402
from workbench.search.search import search  # noqa: E402
from workbench.search.spec import SearchSpec  # noqa: E402

WORKBENCH = [sys.executable, "-m", "workbench"]


def large(rows: int, seed: int = 0) -> pd.DataFrame:
    """A portfolio by month: 24 numbers, 6 levels, 2% events that a few columns tell, drifting a little."""
    rng = np.random.default_rng(seed)
    table = {f"n{i}": rng.normal(size=rows).astype(np.float32).round(3) for i in range(24)}
    table |= {f"c{i}": rng.choice([f"l{k}" for k in range(4 + 8 * i)], rows) for i in range(6)}
    frame = pd.DataFrame(table)
    month = rng.integers(0, 24, rows)
    z = -4.6 + 0.9 * frame["n0"] - 0.6 * frame["n1"] + 0.5 * frame["n2"] * frame["n3"] + 0.02 * month
    z += 0.7 * (frame["c0"] == "l0")
    frame["month"] = (pd.Timestamp("2023-01-01") + pd.to_timedelta(30.4 * month, unit="D")).strftime(
        "%Y-%m-%d"
    )
    frame["bad"] = (rng.random(rows) < 1 / (1 + np.exp(-z))).astype(int)
    return frame


def files(sources: Sources, folder: Path, large_rows: list[int]) -> dict[str, tuple[Path, list[str]]]:
    """Name -> (file, further arguments)."""
    made = {}
    for name in ("german_credit", "telco_churn", "bank_marketing", "adult"):
        loaded = TABLES[name].load(sources, 0)
        table = pd.concat([loaded.train, loaded.test], ignore_index=True)
        table["outcome"] = np.concatenate([loaded.y_train, loaded.y_test])
        table.to_csv(folder / f"{name}.csv", index=False)
        made[name] = (folder / f"{name}.csv", ["--label", "outcome"])
    for rows in large_rows:
        name = f"portfolio of {rows:,} rows"
        path = folder / f"portfolio{rows}.parquet"
        large(rows).to_parquet(path)
        made[name] = (path, ["--label", "bad", "--time", "month", "--kind", "risk"])
    return made


def train(path: Path, more: list[str], budget: float, home: Path) -> dict[str, Any]:
    start = time.perf_counter()
    done = subprocess.run(
        [*WORKBENCH, "train", str(path), *more, "--budget", f"{budget:g}s", "--home", str(home), "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    wall = time.perf_counter() - start
    if done.returncode:
        return {
            "wall": wall,
            "said": json.loads(done.stdout)["error"]["message"] if done.stdout else done.stderr[-300:],
        }
    result = json.loads(done.stdout)
    drawn = next((note for note in result["notes"] if "no room" in note), "")
    return {"wall": wall, "auc": result["metrics"]["test_auc"], "said": drawn}


def answer_to(
    act: Callable[[subprocess.Popen[bytes], Path], None], path: Path, more: list[str], home: Path
) -> float:
    """Seconds from a person's wish, uttered in mid-search, until the search (finish) or the process (cancel) has ended."""
    process = subprocess.Popen(
        [*WORKBENCH, "train", str(path), *more, "--budget", "300s", "--home", str(home), "--json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        # a benchmark in the background was started with Ctrl-C ignored, and its children would ignore it too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    until(lambda: stage(home) == "search" and b"\n" in journal(home))
    time.sleep(5)
    start = time.perf_counter()
    act(process, next((home / "var" / "jobs").glob("here-*")))
    until(lambda: process.poll() is not None or stage(home) not in ("search", ""))
    took = time.perf_counter() - start
    process.kill()
    process.wait()
    return took


def until(holds: Callable[[], bool], patience: float = 200.0) -> None:
    end = time.monotonic() + patience
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)


def stage(home: Path) -> str:
    for path in (home / "var" / "jobs").glob("here-*/progress.json"):
        try:
            return json.loads(path.read_text())["stage"]
        except (OSError, ValueError):  # written anew at this moment
            return ""
    return ""


def journal(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (home / "var" / "jobs").glob("here-*/journal/trials.jsonl"))


def per_second(workers: int, trials: int, sources: Sources) -> float:
    """Fits per second of one search by trials."""
    loaded = TABLES["bank_marketing"].load(sources, 0)
    folds = cross_validation(loaded.y_train, None, seed=0, columns=loaded.train.shape[1])
    spec = SearchSpec(trials=trials, threads=1, workers=workers)
    start = time.perf_counter()
    search(loaded.train, loaded.y_train, folds=folds, spec=spec, deadline=Deadline.after(None), past=Past([]))
    return trials * len(folds) / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("WORKBENCH_DATA"))
    parser.add_argument("--budgets", nargs="+", type=float, default=[60.0, 120.0])
    parser.add_argument("--large", nargs="*", type=int, default=[1_000_000])
    parser.add_argument(
        "--only", nargs="+", choices=["wall", "answers", "workers"], default=["wall", "answers", "workers"]
    )
    asked = parser.parse_args()
    sources = Sources(
        None if asked.data is None else asked.data.absolute(), ROOT / "var" / "benchmarks" / "search" / "made"
    )
    lines = [
        "# Whether the budget is the truth",
        "",
        f"{date.today():%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores. Command: `python benchmarks/budget.py`.",
        "",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = files(sources, folder, asked.large)
        if "wall" in asked.only:
            lines += [
                "From the command's start to its end, with card, evaluation, explanation, MLflow and registration. Aim: at most 1.05.",
                "",
                "| table | budget | wall | ratio | AUC | said |",
                "|---|---|---|---|---|---|",
            ]
            for number, (table, (path, more)) in enumerate(given.items()):
                for budget in asked.budgets:
                    found = train(path, more, budget, folder / f"home{number}")
                    lines.append(
                        f"| {table} | {budget:g} s | {found['wall']:.1f} s | {found['wall'] / budget:.2f} | {found.get('auc', float('nan')):.4f} | {found['said']} |"
                    )
                    print(lines[-1], file=sys.stderr, flush=True)
            lines.append("")
        if "answers" in asked.only:
            lines += [
                "Seconds until a search of five minutes answered, aim 5:",
                "",
                "| table | finish now | cancel |",
                "|---|---|---|",
            ]
            for number, (table, (path, more)) in enumerate(given.items()):
                finish = answer_to(
                    lambda _, job: (job / "finish").touch(), path, more, folder / f"finish{number}"
                )
                cancel = answer_to(
                    lambda p, _: p.send_signal(signal.SIGINT), path, more, folder / f"cancel{number}"
                )
                lines.append(f"| {table} | {finish:.1f} | {cancel:.1f} |")
                print(lines[-1], file=sys.stderr, flush=True)
            lines.append("")
        if "workers" in asked.only:
            lines += [
                "Fits per second of a search by trials on bank_marketing:",
                "",
                "| processes | fits per second | against one |",
                "|---|---|---|",
            ]
            rates = {n: per_second(n, 10, sources) for n in (1, 2)}
            lines += [f"| {n} | {rate:.2f} | {rate / rates[1]:.2f}x |" for n, rate in rates.items()]
            print(rates, file=sys.stderr)
            lines.append("")
    text = "\n".join(lines)
    print(text)
    if set(asked.only) == {"wall", "answers", "workers"}:
        (ROOT / "docs" / "benchmarks" / "budget.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
