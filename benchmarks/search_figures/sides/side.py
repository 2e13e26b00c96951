"""One program on one table, inside that program's own environment: `python side.py MODULE REQUEST.json`.

Knows nothing of the workbench. Reads train.parquet and test.parquet (no test labels lie there), writes predictions.npy,
then figures.json; `phase` tells the process that watches which part is running. The clock of the fit starts after imports,
servers and reading, and stops when `fit` returns.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import signal
import sys
import time
from pathlib import Path

SCORED_ROWS = 100_000
_DIE_WITH_PARENT = 1  # prctl: a benchmark that is killed leaves no program running beside the next one


def main() -> None:
    module, request = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    out = Path(request["out"])
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    phase = out / "phase"
    began = time.perf_counter()
    phase.write_text("import")
    program = importlib.import_module(module)
    program.start(threads=request["threads"], folder=out)
    figures = {"import_seconds": time.perf_counter() - began}

    x, y, test, entity = read(Path(request["data"]))
    phase.write_text("fit")
    began = time.perf_counter()
    model = program.fit(
        x, y, entity, seconds=request["seconds"], threads=request["threads"], seed=request["seed"], folder=out
    )
    figures["fit_seconds"] = time.perf_counter() - began
    phase.write_text("score")

    save_predictions(out, program.probabilities(model, test), len(test))
    note(out, figures)
    # what fails from here on costs the program nothing: the predictions are there
    note(out, figures | {"rows_per_second": speed(program, model, test)})
    note(out, {"members": program.members(model)})
    note(out, {"model_bytes": size(program.save(model, out))})
    phase.write_text("end")


def read(data: Path) -> tuple:
    """Training columns, labels (0/1), test columns, customers (or None). Text becomes pandas categories.

    A test column has the levels of its training column in the same order (some programs take a level's number), then those
    that training has not; training knows nothing of these.
    """
    import pandas as pd

    x, test = (pd.read_parquet(data / f"{part}.parquet") for part in ("train", "test"))
    for name in json.loads((data / "columns.json").read_text())["text"]:
        known: list[str] = []
        for frame in (x, test):
            text = frame[name].astype(object)
            known = known + sorted(set(text.dropna()) - set(known))
            frame[name] = pd.Categorical(text, categories=pd.Index(known, dtype=object))
    labels = pd.read_parquet(data / "train_labels.parquet")
    entity = labels["entity"].to_numpy() if "entity" in labels else None
    return x, labels["label"].to_numpy(), test, entity


def save_predictions(out: Path, p: object, rows: int) -> None:
    import numpy as np

    found = np.asarray(p, dtype="float64").ravel()
    if len(found) != rows or not np.isfinite(found).all() or found.min() < 0 or found.max() > 1:
        raise SystemExit(f"no {rows} probabilities came back, but {len(found)} values")
    np.save(out / "predictions.npy", found)


def speed(program: object, model: object, test: object) -> float:
    """Rows scored per second, from 100,000 rows: the test rows, repeated or cut, after one warm call."""
    import pandas as pd

    times = -(-SCORED_ROWS // len(test))
    many = pd.concat([test] * times, ignore_index=True).iloc[:SCORED_ROWS]
    began = time.perf_counter()
    program.probabilities(model, many)
    return len(many) / (time.perf_counter() - began)


def size(path: Path) -> int:
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return sum(f.stat().st_size for f in files)


def note(out: Path, figures: dict) -> None:
    """Adds to what figures.json holds already."""
    path = out / "figures.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | figures))


if __name__ == "__main__":
    main()
