"""The small tables and pictures of a run, written once, so that pages and MLflow never compute them again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.files import write_json, write_text


def write_report(
    folder: Path,
    *,
    summary: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    plots: Mapping[str, bytes],
) -> None:
    """`report/summary.json`, `report/evaluation.json`, one CSV per table under `tables/`, one PNG per plot under `plots/`."""
    write_json(folder / "report" / "summary.json", dict(summary))
    write_json(folder / "report" / "evaluation.json", dict(evaluation))
    for name, table in tables.items():
        write_text(folder / "tables" / f"{name}.csv", table.to_csv(index=False))
    (folder / "plots").mkdir(exist_ok=True)
    for name, picture in plots.items():
        (folder / "plots" / f"{name}.png").write_bytes(picture)
