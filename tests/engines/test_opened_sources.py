"""Partition folders, stated types and wide months give the same table on every engine."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.tables.one import loaded


@pytest.fixture
def here(
    engine_kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    if engine_kind == "postgres":
        server = request.getfixturevalue("postgresql_server")
        monkeypatch.setenv("WORKBENCH_DATABASE_ONE", f"{server}/postgres")
    return tmp_path


def test_partition_values_are_dates_numbers_or_names(here: Path) -> None:
    for month, branch, shop, amount in (("2025-01", "007", "3", 1), ("2025-02", "012", "4", 2)):
        folder = here / "env=raw" / "sales" / f"month={month}" / f"branch={branch}" / f"shop={shop}"
        folder.mkdir(parents=True)
        pd.DataFrame({"amount": [amount]}).to_parquet(folder / "part-0.parquet")
    rows = loaded(here, "{source: env=raw/sales, event_time: month}").sort_values("amount")
    assert list(rows) == ["amount", "month", "branch", "shop"]
    assert rows["branch"].tolist() == ["007", "012"]
    assert rows["shop"].tolist() == [3, 4]
    assert pd.to_datetime(rows["month"]).tolist() == [pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")]


def test_stated_types_and_zones(here: Path) -> None:
    at = pd.to_datetime(["2025-01-01T06:00:00+08:00", "2025-01-02T06:00:00+08:00"], utc=True)
    written = {"id": [12345678901234567, 2], "day": [20250131, 20250201], "amount": ["3.5", "many"], "at": at}
    pd.DataFrame(written).to_parquet(here / "a.parquet")
    rows = loaded(
        here,
        "{source: a.parquet, event_time: at, time_zone: Asia/Shanghai, types: {id: text, day: date, amount: number}}",
    ).sort_values("day")
    assert rows["id"].tolist() == ["12345678901234567", "2"]
    assert rows["day"].tolist() == [pd.Timestamp("2025-01-31"), pd.Timestamp("2025-02-01")]
    assert rows["amount"].iloc[0] == 3.5
    assert pd.isna(rows["amount"].iloc[1])
    assert rows["at"].tolist() == [pd.Timestamp("2025-01-01 06:00"), pd.Timestamp("2025-01-02 06:00")]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_wide_months_become_rows(here: Path, ending: str) -> None:
    wide = pd.DataFrame(
        {"id": ["01", "02"], "b1": [10, 20], "b2": [1.5, None], "s1": ["x", "y"], "s2": ["z", None]}
    )
    if ending == "csv":
        wide.to_csv(here / "wide.csv", index=False)
    else:
        wide.to_parquet(here / "wide.parquet")
    rows = loaded(
        here,
        f"{{source: wide.{ending}, event_time: month, unpivot: {{time: month, rows: "
        "{2005-09-01: {bill: b1, status: s1}, 2005-08-01: {bill: b2, status: s2}}}}",
    ).sort_values(["id", "month"])
    assert rows["id"].tolist() == ["01", "01", "02"]
    assert rows["month"].dt.month.tolist() == [8, 9, 9]
    assert rows["bill"].tolist() == [1.5, 10, 20]
    assert rows["status"].tolist() == ["z", "x", "y"]


def test_several_files_are_matched_by_name_and_keep_their_fractions(here: Path) -> None:
    pd.DataFrame({"id": ["a"], "amount": [1]}).to_parquet(here / "a.parquet")
    pd.DataFrame({"amount": [2.75], "id": ["b"]}).to_parquet(here / "b.parquet")
    rows = loaded(here, "{source: [a.parquet, b.parquet]}").sort_values("id")
    assert rows["amount"].tolist() == [1, 2.75]


def test_moments_in_text_with_and_without_a_zone_are_told_in_the_stated_one(here: Path) -> None:
    at = ["2024-01-01T00:00:00+08:00", "2024-01-01 00:00:00", "2024-01-02T00:00:00Z", "20240103", "soon"]
    at.append("2024-02-30T00:00:00+08:00")  # there is no such day
    pd.DataFrame({"id": list("abcdef"), "at": at}).to_parquet(here / "a.parquet")
    rows = loaded(here, "{source: a.parquet, types: {at: date}, time_zone: Asia/Shanghai}").sort_values("id")
    expected = ["2024-01-01 00:00", "2024-01-01 00:00", "2024-01-02 08:00", "2024-01-03"]
    assert rows["at"].iloc[:4].tolist() == [pd.Timestamp(t) for t in expected]
    assert rows["at"].iloc[4:].isna().all()
