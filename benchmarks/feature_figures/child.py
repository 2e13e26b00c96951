"""One subject answers one case in a process of its own, so that its peak memory is its own.

`python -m benchmarks.feature_figures.child '{"case": {...}, "cache": ..., "subject": "ours", ...}'` prints one JSON line.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from .cases import Case
from .rivals import RIVALS, wide_sql


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_bytes() -> int:
    """Largest resident memory of this process. getrusage would also count its parent's memory at the time of the start."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def timed(work: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, float, float]:
    """The answer, wall seconds and CPU seconds."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    answer = work()
    return answer, time.perf_counter() - wall, cpu_seconds() - cpu


def ours(case: Case, folder: Path, *, threads: int, memory: str, warm: bool) -> tuple[pd.DataFrame, dict]:
    """Through the public seams: tables.yaml, features.yaml, Engine, spine, feature values."""
    from workbench.dataset import build
    from workbench.features.files import parse_features
    from workbench.tables.catalog import parse_tables
    from workbench.tables.engine import Engine
    from workbench.tables.yaml_file import read_yaml

    tables = parse_tables(read_yaml(folder / "tables.yaml"), case.name)
    features = list(parse_features(read_yaml(folder / "features.yaml")).values())
    with Engine(tables, threads=threads, memory=memory) as engine:
        start = time.perf_counter()
        for name in case.table_names:
            engine.load(name)
        loaded = time.perf_counter() - start
        build.store_spine(engine, pd.read_parquet(folder / "spine.parquet"))

        def answer() -> pd.DataFrame:
            return build.feature_values(engine, features, None, case.n_rows)

        if warm:
            answer()
        values, wall, cpu = timed(answer)
        values.insert(0, "_row", range(len(values)))
        return values, {"load": loaded, "seconds": wall, "cpu": cpu, "peak": peak_bytes()}


def rival(
    case: Case, folder: Path, name: str, *, threads: int, memory: str, warm: bool
) -> tuple[pd.DataFrame, dict]:
    """The hand-written SQL on the same files, read into memory first as ours are."""
    import tempfile

    import duckdb

    config = {"threads": threads, "memory_limit": memory, "preserve_insertion_order": False}
    with tempfile.TemporaryDirectory() as spill, duckdb.connect(config=config) as con:
        con.execute(f"SET temp_directory = '{spill}'")
        start = time.perf_counter()
        for table in (*case.table_names, "spine"):
            con.execute(f"CREATE TABLE {table} AS SELECT * FROM '{folder / table}.parquet'")
        loaded = time.perf_counter() - start

        def answer() -> pd.DataFrame:
            if name != "wide":
                return con.execute(RIVALS[name](case, con)).df()
            frames = [con.execute(wide_sql(case, t)).df().set_index("_row") for t in case.table_names]
            return pd.concat(frames, axis=1).reset_index()

        if warm:
            answer()
        values, wall, cpu = timed(answer)
        return values, {"load": loaded, "seconds": wall, "cpu": cpu, "peak": peak_bytes()}


def main() -> None:
    asked = json.loads(sys.argv[1])
    case = Case(**{**asked["case"], "windows": tuple(asked["case"]["windows"])})
    folder = case.folder(Path(asked["cache"]))
    limits = {"threads": asked["threads"], "memory": asked["memory"], "warm": asked["warm"]}
    if asked["subject"] == "ours":
        values, figures = ours(case, folder, **limits)
    else:
        values, figures = rival(case, folder, asked["subject"], **limits)
    if asked["keep"]:
        values.sort_values("_row").to_parquet(folder / f"answer-{asked['subject']}.parquet")
    print(json.dumps(figures | {"columns": len(values.columns) - 1, "rows": len(values)}))


if __name__ == "__main__":
    main()
