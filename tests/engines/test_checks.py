"""What a check finds and what snapshots give is the same on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.dataset.shop import TABLES, shop
from workbench.dataset.build import build_scoring_frame
from workbench.dataset.checks import check_dataset
from workbench.tables.findings import CheckReport

DAYS = pd.date_range("2024-12-01", "2025-06-30", freq="D")
PLAN = "table: visits\nname: way\nevents:\n  app: {properties: {size: {type: integer, required: true}}}\n  web: {}\n"


def visits() -> pd.DataFrame:
    """Thirty visits a day, of which five days are missing, three were loaded twice and one way was renamed."""
    rng = np.random.default_rng(7)
    n = len(DAYS) * 30
    rows = pd.DataFrame(
        {
            "customer": rng.integers(1, 8, n),
            "at": np.repeat(DAYS.to_numpy(), 30) + pd.to_timedelta(rng.integers(0, 86_400, n), unit="s"),
            "way": rng.choice(["app", "web", "shop"], n),
            "amount": rng.gamma(2.0, 20.0, n).round(2),
            "size": np.where(np.arange(n) % 50 == 0, "big", "12"),
            "empty": pd.Series([None] * n, dtype="str"),
        }
    )
    rows.loc[(rows["way"] == "shop") & (rows["at"] >= "2025-04-01"), "way"] = "store"
    rows = rows[~rows["at"].between("2025-03-10", "2025-03-15")]
    return pd.concat([rows, rows[rows["at"].between("2025-02-03", "2025-02-06")]], ignore_index=True)


def home(folder: Path) -> Any:
    tables = TABLES + "  visits: {source: visits.parquet, event_time: at, duplicates: loads}\n  levels: {source: levels.parquet, valid_from: since}\n"  # fmt: skip
    levels = pd.DataFrame(
        {
            "customer": [1, 1, 1, 2, 2, 3],
            "since": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-06-01", "2025-01-01", "2025-01-01", "2025-06-01"]),
            "level": ["gold", "silver", "iron", "B", "a", "new"],
        }
    )  # fmt: skip
    made = shop(
        folder, tables=tables, features="level: {attribute: levels.level}\n", visits=visits(), levels=levels
    )
    (made.feature_defs / "shop" / "events.yaml").write_text(PLAN, encoding="utf-8")
    return made


def told(report: CheckReport) -> dict[str, Any]:
    found = report.as_dict()
    for table in found["tables"]:
        for one in table["columns"]:
            for engines_own in ("sql_type", "distinct_about", "type", "examples"):
                one.pop(engines_own, None)
    return {"findings": found["findings"], "events": found["events"], "tables": found["tables"]}


def test_a_check_finds_the_same(engine_kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    here = told(check_dataset(home(tmp_path / "a"), "shop", label="buys"))
    codes = {f["code"] for f in here["findings"] if f["table"] == "visits"}
    assert {"WB-T34", "WB-T39", "WB-T40", "WB-T41", "WB-T42", "WB-T46", "WB-T49"} <= codes
    monkeypatch.setenv("WORKBENCH_ENGINE", "duckdb")
    there = told(check_dataset(home(tmp_path / "b"), "shop", label="buys"))
    assert here["findings"] == there["findings"]
    assert here["events"] == there["events"]
    for one, other in zip(here["tables"], there["tables"], strict=True):
        for column, same in zip(one.pop("columns"), other.pop("columns"), strict=True):
            assert column == same
        assert one == other


def test_snapshots_give_the_same(engine_kind: str, tmp_path: Path) -> None:
    """Of two values from one moment the greater by its code points counts: 'a' comes after 'B' everywhere."""
    rows = build_scoring_frame(home(tmp_path), "shop/buys", pd.Timestamp("2025-06-01").date()).rows
    levels = {int(c): v for c, v in zip(rows["customer"], rows["level"], strict=True) if v is not None}
    assert levels == {1: "silver", 2: "a"}
