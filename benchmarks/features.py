"""Figures of the feature engine: against hand-written SQL, with many features, ten times the data, and Featuretools.

`python benchmarks/features.py` writes docs/benchmarks/features.md and features.json. `--scale 0.02` is a quick look that
prints only. Every subject runs in a process of its own on the same files, the repetitions of all subjects interleaved;
their numbers must agree to 1e-9, else the run fails.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from feature_figures.cases import Case
from feature_figures.environment import NoEnvironmentError, featuretools_python
from feature_figures.report import Figure, Report
from feature_figures.rivals import rivals_of

from workbench.tables.memory import memory_bytes

ROOT = Path(__file__).parents[1]
PARTS = ("windows", "many", "growth", "featuretools")
TOLERANCE = 1e-9

WINDOWS = (
    Case("monthly", 20_000, 10, 5_000_000),
    Case("own-cutoffs", 20_000, 10, 5_000_000, grid="own"),
    Case("one-cutoff", 200_000, 1, 5_000_000, grid="one"),
    Case("own-known-time", 20_000, 10, 5_000_000, known="own"),
)
MANY = Case("many", 3_400, 5, 500_000, windows=(7, 30, 90, 180, 365), tables=10, definitions="many")
GROWTH = Case("growth", 20_000, 10, 5_000_000)
OUTSIDE = Case("outside", 400, 10, 100_000, known="at_once")  # 1/50 of the rows and of the events


class DisagreementError(SystemExit):
    """Two ways to compute one column gave different numbers: no time is worth reporting."""


@dataclass(frozen=True)
class Runner:
    """Starts subjects and remembers where their data lies."""

    cache: Path
    threads: int
    memory: str
    scale: float
    repeat: int

    def sized(self, case: Case) -> Case:
        """The case at this run's scale: fewer customers and events, as many events for each."""
        return replace(
            case,
            customers=max(2, round(case.customers * self.scale)),
            events=max(50, round(case.events * self.scale)),
        )

    def once(self, case: Case, subject: str, *, warm: bool, keep: bool) -> dict:
        asked = {
            "case": asdict(case),
            "cache": str(self.cache),
            "subject": subject,
            "threads": self.threads,
            "memory": self.memory,
            "warm": warm,
            "keep": keep,
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.feature_figures.child", json.dumps(asked)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{case.name}, {subject}: ended with {done.returncode}.\n{done.stderr[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def compare(
        self, case: Case, subjects: list[str], *, repeat: int | None = None, warm: bool = True
    ) -> dict[str, dict]:
        """Medians of interleaved repetitions for each subject, after their numbers were found equal."""
        case.prepare(self.cache)
        taken: dict[str, list[dict]] = {s: [] for s in subjects}
        for repetition in range(repeat or self.repeat):
            # every other round backwards: a machine that slows down hits all alike
            for subject in subjects if repetition % 2 == 0 else reversed(subjects):
                taken[subject].append(self.once(case, subject, warm=warm, keep=repetition == 0))
                say(f"{case.name}: {subject} {taken[subject][-1]['seconds']:.2f} s")
            if repetition == 0:
                self.must_agree(case, subjects)
        return {subject: medians(runs) for subject, runs in taken.items()}

    def must_agree(self, case: Case, subjects: list[str]) -> None:
        folder = case.folder(self.cache)
        first, *others = (pd.read_parquet(folder / f"answer-{s}.parquet") for s in subjects)
        for subject, other in zip(subjects[1:], others, strict=True):
            compare_frames(first, other, case.n_rows, f"{case.name}: {subjects[0]} and {subject}")

    def forget(self, case: Case) -> None:
        shutil.rmtree(case.folder(self.cache), ignore_errors=True)


def compare_frames(ours: pd.DataFrame, rival: pd.DataFrame, n_rows: int, who: str) -> None:
    """Raise DisagreementError unless every column that both have holds the same numbers, and both have some."""
    shared = [c for c in rival.columns if c in ours.columns and c != "_row"]
    if not shared:
        raise DisagreementError(f"{who} have no column in common.")
    left, right = (f.set_index("_row").reindex(range(n_rows)) for f in (ours, rival))
    for name in shared:
        a, b = (f[name].to_numpy(dtype="float64", na_value=np.nan) for f in (left, right))
        if any(f"_{zero}_" in name for zero in ("sum", "count", "distinct")):
            a, b = np.nan_to_num(a), np.nan_to_num(b)  # nothing happened: 0 here, no row there
        apart = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), 1)
        wrong = np.where(np.isnan(a) | np.isnan(b), np.isnan(a) != np.isnan(b), apart > TOLERANCE)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DisagreementError(
                f"{who} disagree on {name} in {int(wrong.sum()):,} of {n_rows:,} rows; row {row}: {float(a[row])!r} and {float(b[row])!r}."
            )


def medians(runs: list[dict]) -> dict:
    figures = {k: statistics.median(r[k] for r in runs) for k in ("load", "seconds", "cpu", "peak")}
    return figures | {
        "columns": runs[0]["columns"],
        "rows": runs[0]["rows"],
        "runs": [r["seconds"] for r in runs],
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def windows(runner: Runner, report: Report) -> None:
    table: list[tuple] = [("case", "way", "seconds", "CPU seconds", "to ours", "peak MB")]
    for case in map(runner.sized, WINDOWS):
        found = runner.compare(case, ["ours", *rivals_of(case)])
        report.measurements[case.name] = found
        mine = found["ours"]["seconds"]
        rivals = {name: f["seconds"] for name, f in found.items() if name != "ours"}
        best = min(rivals, key=rivals.__getitem__)
        for name, f in found.items():
            table.append(
                (
                    case.name,
                    f"{name} (best)" if name == best else name,
                    f"{f['seconds']:.2f}",
                    f"{f['cpu']:.2f}",
                    f"{f['seconds'] / mine:.2f}",
                    f"{f['peak'] / 1e6:.0f}",
                )
            )
        what = f"{case.n_rows:,} cutoffs x {case.events:,} events x 9 features, {case.name}"
        to_best, to_plain = mine / rivals[best], mine / rivals["plain"]
        report.figures += [
            Figure(f"{what}: time against the best SQL ({best})", f"{to_best:.2f}x", "1.2x", to_best <= 1.2),
            Figure(f"{what}: time against the plain range join", f"{to_plain:.2f}x", "0.7x", to_plain <= 0.7),
        ]
    report.section(
        "Nine windowed features",
        "sum, count and mean over 30, 90 and 365 days, strictly known before the cutoff. `monthly`: cutoffs that all share, known a day after; "
        "`own-cutoffs`: each row its own second; `one-cutoff`: each customer once, all on one day; `own-known-time`: a column says when. "
        "From loaded tables to a frame in Python; ours includes compiling. `plain`, `pairs`, `union`, `grid`: hand-written in `benchmarks/feature_figures/rivals.py`.",
        table,
    )


def many(runner: Runner, report: Report) -> None:
    case = runner.sized(MANY)
    found = runner.compare(case, ["ours", "wide"], warm=False)
    report.measurements[case.name] = found
    ours = found["ours"]
    whole = ours["load"] + ours["seconds"]
    what = f"{ours['columns']:,} features over {case.tables} tables of {case.events:,} events for {case.n_rows:,} rows"
    report.figures += [
        Figure(
            f"{what}: reading and computing ({ours['cpu']:.1f} CPU seconds of computing)",
            f"{whole:.1f} s",
            "30 s",
            whole < 30,
        ),
        Figure(
            f"{what}: peak memory of the process", f"{ours['peak'] / 1e9:.2f} GB", "2 GB", ours["peak"] < 2e9
        ),
    ]
    report.section(
        "Many features",
        f"Eight aggregations of an amount, five of a quantity, four of a text and three of the rows, over five windows, in each table. "
        f"`wide` is plain SQL for {found['wide']['columns']} of the columns and vouches for their numbers.",
        [
            ("way", "columns", "reading s", "computing s", "CPU s", "peak MB"),
            *(
                (
                    n,
                    f["columns"],
                    f"{f['load']:.1f}",
                    f"{f['seconds']:.1f}",
                    f"{f['cpu']:.1f}",
                    f"{f['peak'] / 1e6:.0f}",
                )
                for n, f in found.items()
            ),
        ],
    )


def growth(runner: Runner, report: Report) -> None:
    limit = memory_bytes(runner.memory)
    table: list[tuple] = [("events", "reading s", "computing s", "CPU s", "peak MB", "to the first")]
    wholes: list[float] = []
    for times in (1, 10, 20):
        case = replace(runner.sized(GROWTH), name=f"growth-{times}")
        case = replace(case, events=case.events * times)
        subjects = ["ours", "grid"]
        found = runner.compare(case, subjects, warm=False, repeat=runner.repeat if times < 20 else 1)
        runner.forget(case)
        report.measurements[case.name] = found
        ours = found["ours"]
        wholes.append(ours["load"] + ours["seconds"])
        table.append(
            (
                f"{case.events:,}",
                f"{ours['load']:.1f}",
                f"{ours['seconds']:.1f}",
                f"{ours['cpu']:.1f}",
                f"{ours['peak'] / 1e6:.0f}",
                f"{wholes[-1] / wholes[0]:.1f}x",
            )
        )
        if times == 10:
            report.figures += [
                Figure(
                    "ten times the events: reading and computing",
                    f"{wholes[-1] / wholes[0]:.1f}x",
                    "11x",
                    wholes[-1] <= 11 * wholes[0],
                ),
            ]
        if times == 20:
            report.figures.append(
                Figure(f"{case.events:,} events", f"finish in {wholes[-1]:.0f} s", "finish", met=True)
            )
    peak = max(f["ours"]["peak"] for n, f in report.measurements.items() if n.startswith("growth"))
    report.figures.append(
        Figure(
            f"peak memory of the whole process with a limit of {runner.memory}",
            f"{peak / 1e6:.0f} MB",
            runner.memory,
            peak <= limit,
        )
    )
    report.section(
        "Growth",
        "The nine features for the same rows while every customer has more events; `grid` vouches for the numbers.",
        table,
    )


def featuretools(runner: Runner, report: Report) -> None:
    what = "Featuretools at 1/50 of the size: seconds per row against ours"
    try:
        python = featuretools_python(runner.cache)
    except (NoEnvironmentError, OSError, subprocess.TimeoutExpired) as error:
        report.figures.append(Figure(what, f"skipped: {error}", "100x", met=None))
        return
    table: list[tuple] = [
        ("cutoffs", "rows", "events", "Featuretools s", "ours s", "slower at this size", "slower per row")
    ]
    for grid, shares in (("monthly", (0.125, 0.25, 0.5, 1.0)), ("own", (0.0625, 0.125, 0.25))):
        full = runner.sized(replace(WINDOWS[0], name=f"outside-full-{grid}", known="at_once", grid=grid))
        at_full = runner.compare(full, ["ours"])["ours"]
        report.measurements[full.name] = at_full
        ratio = 0.0
        for share in shares:
            case = replace(runner, scale=runner.scale * share).sized(replace(OUTSIDE, grid=grid))
            ours = runner.compare(case, ["ours"])["ours"]
            theirs = run_featuretools(python, runner, case)
            report.measurements[f"outside-{grid}-{case.n_rows}"] = {"ours": ours, "featuretools": theirs}
            ratio = (theirs["seconds"] / case.n_rows) / (at_full["seconds"] / full.n_rows)
            same = theirs["seconds"] / ours["seconds"]
            sizes = (grid, f"{case.n_rows:,}", f"{case.events:,}")
            table.append(
                (
                    *sizes,
                    f"{theirs['seconds']:.1f}",
                    f"{ours['seconds']:.2f}",
                    f"{same:.0f}x",
                    f"{ratio:.0f}x",
                )
            )
        table.append(
            (grid, f"{full.n_rows:,}", f"{full.events:,}", "not run", f"{at_full['seconds']:.2f}", "", "1x")
        )
        share_said = "" if grid == "monthly" else " (1/200 of the size)"
        report.figures.append(
            Figure(f"{what}, {grid} cutoffs{share_said}", f"{ratio:.0f}x slower", "100x", ratio >= 100)
        )
    versions = ", ".join(f"{k} {v}" for k, v in theirs["versions"].items())
    report.section(
        "Featuretools",
        f"In an environment of its own ({versions}), one process, the same nine features, equal numbers. `slower per row` holds its seconds per row "
        "at that size against ours at full size; `slower at this size` holds both on the same small data, where each has little to do. "
        "Ten shared cutoffs are Featuretools' best case: it works cutoff by cutoff.",
        table,
    )


def run_featuretools(python: Path, runner: Runner, case: Case) -> dict:
    folder = case.folder(runner.cache)
    for name in ("events", "spine"):
        pd.read_parquet(folder / f"{name}.parquet").to_csv(folder / f"{name}.csv", index=False)
    out = folder / "answer-featuretools.csv"
    script = Path(__file__).parent / "feature_figures" / "featuretools_side.py"
    asked = [
        str(folder / "events.csv"),
        str(folder / "spine.csv"),
        str(out),
        ",".join(map(str, case.windows)),
    ]
    done = subprocess.run([str(python), str(script), *asked], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"Featuretools ended with {done.returncode}.\n{done.stderr[-2000:]}")
    say(f"{case.name}: featuretools {case.n_rows:,} rows")
    mine = pd.read_parquet(folder / "answer-ours.parquet")
    compare_frames(mine, pd.read_csv(out), case.n_rows, f"{case.name}: ours and Featuretools")
    return json.loads(done.stdout.strip().splitlines()[-1])


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "workbench-benchmarks"


def measure(runner: Runner, parts: Iterable[str], command: str) -> Report:
    settings = {"threads": runner.threads, "memory limit": runner.memory, "repetitions": runner.repeat}
    if runner.scale != 1:
        settings["scale"] = runner.scale
    # seconds on a machine that others use say little; ratios and CPU seconds still do
    settings["load average at the start"] = f"{os.getloadavg()[0]:.1f}"
    report = Report(command, settings)
    work = {"windows": windows, "many": many, "growth": growth, "featuretools": featuretools}
    for part in parts:
        work[part](runner, report)
    settings["at the end"] = f"{os.getloadavg()[0]:.1f}"
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the rows and events of every case")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="1500MB")
    parser.add_argument(
        "--cache", type=Path, default=cache_folder(), help="where data and Featuretools' environment lie"
    )
    parser.add_argument("--out", type=Path, help="folder for features.md and features.json")
    asked = parser.parse_args()
    memory_bytes(asked.memory)
    if not 0 < asked.scale <= 1 or asked.repeat < 1:
        raise SystemExit("--scale lies in (0, 1] and --repeat is at least 1.")
    runner = Runner(asked.cache.absolute(), asked.threads, asked.memory, asked.scale, asked.repeat)
    shown = [a for a in sys.argv[1:] if "/" not in a and a not in ("--cache", "--out")]
    report = measure(runner, asked.only, " ".join(["python benchmarks/features.py", *shown]))
    whole = asked.scale == 1 and set(asked.only) == set(PARTS)
    out = asked.out or (ROOT / "docs" / "benchmarks" if whole else None)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "features.md").write_text(report.markdown())
        (out / "features.json").write_text(json.dumps(report.as_dict(), indent=1) + "\n")
    print(report.markdown())


if __name__ == "__main__":
    main()
