"""`observed_until` is checked against the data before anything is called a non-event."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.config import Home
from workbench.dataset.build import build_scoring_frame, build_training_frame
from workbench.errors import DataError, DefinitionError

TABLES = """
entity: client
observed_until: {until}
tables:
  visits: {{source: visits.csv, event_time: at}}
"""
LABELS = """
gone:
  kind: churn
  cutoffs: {every: 30d, from: 2024-03-01, to: 2024-09-01}
  eligible: {any_in: visits, within: 90d}
  outcome: {none_in: visits, within: 30d}
"""
FEATURES = """
visit_count: {from: visits, aggregate: count, windows: [30d]}
"""


def shop(folder: Path, *, until: str) -> Home:
    dataset = folder / "feature_defs" / "shop"
    dataset.mkdir(parents=True)
    days = pd.date_range("2024-01-01", "2024-10-31", freq="D")
    rows = [
        {"client": f"{c:04d}", "at": day.strftime("%Y-%m-%d"), "spent": 1.0}
        for c in range(80)
        for i, day in enumerate(days)
        if (i * (c % 7 + 1) + c) % 11 == 0 and not (c % 3 == 0 and day.month in (5, 8))
    ]
    pd.DataFrame(rows).to_csv(dataset / "visits.csv", index=False)
    (dataset / "tables.yaml").write_text(TABLES.format(until=until), encoding="utf-8")
    (dataset / "features.yaml").write_text(FEATURES, encoding="utf-8")
    (dataset / "labels.yaml").write_text(LABELS, encoding="utf-8")
    return Home(folder)


def test_a_clock_far_ahead_of_the_data_stops_training_and_not_scoring(tmp_path: Path) -> None:
    home = shop(tmp_path, until="2026-01-01")
    with pytest.raises(DataError, match="WB-T21"):
        build_training_frame(home, "shop/gone")
    assert len(build_scoring_frame(home, "shop/gone", pd.Timestamp("2024-09-01").date()).rows) > 0


def test_a_true_clock_trains(tmp_path: Path) -> None:
    frame = build_training_frame(shop(tmp_path, until="2024-11-01"), "shop/gone")
    assert frame.rows["label"].sum() >= 20


def test_an_impossible_date_is_malformed_yaml(tmp_path: Path) -> None:
    home = shop(tmp_path, until="2024-11-01")
    labels = tmp_path / "feature_defs/shop/labels.yaml"
    labels.write_text(LABELS.replace("2024-03-01", "2024-04-41"), encoding="utf-8")
    with pytest.raises(DefinitionError, match="WB-T01"):
        build_training_frame(home, "shop/gone")


def test_a_feature_cannot_take_the_frames_own_name(tmp_path: Path) -> None:
    home = shop(tmp_path, until="2024-11-01")
    (tmp_path / "feature_defs/shop/features.yaml").write_text(
        FEATURES + "\nlabel: {ratio: [visit_count_count_30d, visit_count_count_30d]}\n", encoding="utf-8"
    )
    with pytest.raises(DefinitionError, match="WB-F02"):
        build_training_frame(home, "shop/gone")


def test_a_source_cannot_climb_out_of_its_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = shop(tmp_path, until="2024-11-01")
    (tmp_path / "inside").mkdir()
    monkeypatch.setenv("WORKBENCH_DATA", str(tmp_path / "inside"))
    tables = tmp_path / "feature_defs/shop/tables.yaml"
    climbing = "'${WORKBENCH_DATA}/../feature_defs/shop/visits.csv'"
    tables.write_text(tables.read_text(encoding="utf-8").replace("visits.csv", climbing), encoding="utf-8")
    with pytest.raises(DefinitionError, match="WB-T04"):
        build_training_frame(home, "shop/gone")
