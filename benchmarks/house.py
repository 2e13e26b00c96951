"""Figures of the house itself: start-up, import, scoring speed, peak memory of the demo.

`python benchmarks/house.py [--without-demo]` writes docs/benchmarks/house.md.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from importlib import resources
from pathlib import Path

from memory import descendants, resident

ROOT = Path(__file__).parents[1]
WORKBENCH = [sys.executable, "-m", "workbench"]


def seconds(command: list[str], *, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        taken.append(time.perf_counter() - start)
    return taken


def peak_memory(command: list[str], **settings: object) -> tuple[float, float, str]:
    """Seconds, peak bytes of the whole process tree, and what it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT, text=True, **settings
    )  # ty: ignore[no-matching-overload]
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, sum(resident(pid) for pid in descendants(process.pid)))
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    printed, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}: {printed}")
    return time.perf_counter() - start, peak, printed


def credit_table() -> Path:
    return Path(str(resources.files("empulse") / "datasets" / "data" / "creditscoring1.csv.gz"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-demo", action="store_true")
    asked = parser.parse_args()
    rows = []
    bare = statistics.median(seconds([sys.executable, "-c", "pass"], times=7))
    help_ = statistics.median(seconds([*WORKBENCH, "--help"], times=7))
    imported = statistics.median(seconds([sys.executable, "-c", "import workbench"], times=7)) - bare
    rows.append(("`workbench --help`", f"{help_:.2f} s", "0.5 s", help_ < 0.5))
    rows.append(
        ("`import workbench` (less a bare interpreter)", f"{imported:.3f} s", "0.3 s", imported < 0.3)
    )
    with tempfile.TemporaryDirectory() as home:
        train = [
            *WORKBENCH,
            "train",
            str(credit_table()),
            "--label",
            "SeriousDlqin2yrs",
            "--id",
            "id",
            "--kind",
            "risk",
        ]
        subprocess.run(
            [*train, "--budget", "60s", "--name", "credit", "--home", home, "--json"],
            check=True,
            capture_output=True,
        )
        out = Path(home) / "scored.csv"
        score = [*WORKBENCH, "score", "credit", str(credit_table()), "--out", str(out), "--home", home]
        taken = statistics.median(seconds([*score, "--reasons", "top:1000"], times=3))
        rows.append(
            (
                "score 150,000 flat rows, reasons for the top 1,000 (whole command)",
                f"{taken:.1f} s",
                "10 s",
                taken < 10,
            )
        )
    if not asked.without_demo:
        with tempfile.TemporaryDirectory() as home:
            (Path(home) / "feature_defs").symlink_to(ROOT / "feature_defs")
            took, peak, printed = peak_memory([*WORKBENCH, "demo", "--json", "--home", home])
            rows.append(
                ("peak memory of the demo (whole process tree)", f"{peak / 1e9:.2f} GB", "3 GB", peak < 3e9)
            )
            rows.append(("the demo after installation", f"{took:.0f} s", "360 s", took < 360))
            print(json.dumps(json.loads(printed)["runs"], indent=1)[:2000])
    write(rows)


def write(rows: list[tuple[str, str, str, bool]]) -> None:
    packages = ("lightgbm", "catboost", "mlflow", "shap", "pandas", "duckdb")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    lines = [
        "# The house",
        "",
        f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} cores; {versions}. Command: `python benchmarks/house.py`.",
        "",
        "| figure | measured | aim | |",
        "|---|---|---|---|",
        *(f"| {what} | {value} | {aim} | {'met' if ok else 'MISSED'} |" for what, value, aim, ok in rows),
    ]
    target = ROOT / "docs" / "benchmarks" / "house.md"
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(target.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
