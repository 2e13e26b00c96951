"""One table from several files, from a folder, and from folders whose names are columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.tables.one import loaded, refusal


def test_several_files_are_one_table(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1, 2], "amount": [1.5, 2.0]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"amount": [3], "id": [3]}).to_parquet(tmp_path / "b.parquet")
    rows = loaded(tmp_path, "{source: [a.parquet, b.parquet]}").sort_values("id")
    assert rows.to_dict("list") == {"id": [1, 2, 3], "amount": [1.5, 2.0, 3.0]}


def test_a_whole_number_in_the_first_file_does_not_cut_the_fractions_of_the_second(tmp_path: Path) -> None:
    pd.DataFrame({"amount": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"amount": [2.75]}).to_parquet(tmp_path / "b.parquet")
    rows = loaded(tmp_path, "{source: [a.parquet, b.parquet]}")
    assert sorted(rows["amount"]) == [1, 2, 2.75]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_file_without_a_column_of_the_others_is_named_with_the_column(tmp_path: Path, ending: str) -> None:
    for name, frame in (("a", {"id": [1], "amount": [2]}), ("b", {"id": [1], "amonut": [2]})):
        _write(pd.DataFrame(frame), tmp_path / f"{name}.{ending}")
    said = refusal(tmp_path, f"{{source: [a.{ending}, b.{ending}]}}")
    assert said.startswith(f"WB-T24: table 't': 'b.{ending}' lacks column 'amount', which 'a.{ending}' has.")


def test_a_column_that_is_text_in_one_file_and_numbers_in_another_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"id": [7]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"id": ["007"]}).to_parquet(tmp_path / "b.parquet")
    said = refusal(tmp_path, "{source: [a.parquet, b.parquet]}")
    assert "WB-T24: table 't': column 'id' holds text in 'b.parquet', but numbers in 'a.parquet'." in said


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_partition_folders_become_columns(tmp_path: Path, ending: str) -> None:
    for month, branch, amount in (("2025-01", "007", 1), ("2025-02", "012", 2)):
        folder = tmp_path / "sales" / f"month={month}" / f"branch={branch}"
        folder.mkdir(parents=True)
        _write(pd.DataFrame({"amount": [amount]}), folder / f"part-0.{ending}")
    (tmp_path / "sales" / "_SUCCESS").touch()
    rows = loaded(tmp_path, "{source: sales, event_time: month}").sort_values("amount")
    assert rows["branch"].tolist() == ["007", "012"]  # a name keeps its zeros
    assert rows["month"].tolist() == [pd.Timestamp("2025-01-01"), pd.Timestamp("2025-02-01")]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_partition_values_may_be_missing_whole_or_compact_dates(tmp_path: Path, ending: str) -> None:
    for dt, shop, odd, amount in (
        ("20250131", "3", "a%20b", 1),
        ("20250201", "__HIVE_DEFAULT_PARTITION__", "c%3Dd", 2),
    ):
        folder = tmp_path / "sales" / f"dt={dt}" / f"shop={shop}" / f"odd={odd}"
        folder.mkdir(parents=True)
        _write(pd.DataFrame({"amount": [amount]}), folder / f"part-0.{ending}")
    rows = loaded(tmp_path, "{source: sales, event_time: dt}").sort_values("amount")
    assert rows["dt"].tolist() == [pd.Timestamp("2025-01-31"), pd.Timestamp("2025-02-01")]
    assert rows["shop"].iloc[0] == 3
    assert pd.isna(rows["shop"].iloc[1])
    assert rows["odd"].tolist() == ["a b", "c=d"]


def test_folders_above_the_source_are_no_columns(tmp_path: Path) -> None:
    folder = tmp_path / "zone=raw" / "sales" / "month=2025-01"
    folder.mkdir(parents=True)
    pd.DataFrame({"amount": [1]}).to_parquet(folder / "part-0.parquet")
    assert list(loaded(tmp_path, "{source: zone=raw/sales}")) == ["amount", "month"]


def test_a_plain_folder_is_one_table_and_its_markers_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sales").mkdir()
    for number in range(3):
        (tmp_path / "sales" / f"part-{number}.csv").write_text(f"id,amount\n00{number},1.5\n")
    (tmp_path / "sales" / ".part-0.csv.crc").write_bytes(b"crc\x00\x00")
    (tmp_path / "sales" / "_SUCCESS").touch()
    assert sorted(loaded(tmp_path, "{source: sales}")["id"]) == ["000", "001", "002"]


def test_a_column_has_one_meaning_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,amount\n12,1\n13,2\n")
    (tmp_path / "b.csv").write_text("id,amount\n007,3\n")
    rows = loaded(tmp_path, "{source: [a.csv, b.csv]}")
    assert sorted(rows["id"]) == ["007", "12", "13"]


def test_folders_that_are_no_table_are_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "WB-T03" in refusal(tmp_path, "{source: empty}")
    assert "WB-T03" in refusal(tmp_path, "{source: nowhere}")
    mixed = tmp_path / "mixed"
    (mixed / "month=2025-01").mkdir(parents=True)
    (mixed / "month=2025-01" / "a.csv").write_text("id\n1\n2\n")
    (mixed / "b.csv").write_text("id\n1\n2\n")
    assert "partitioned by" in refusal(tmp_path, "{source: mixed}")
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "a.parquet")
    assert "'mixed/b.csv' is" not in refusal(tmp_path, "{source: [a.parquet, mixed/b.csv]}")
    assert "'b.csv' is text or Excel, but 'a.parquet' is Parquet" in refusal(
        tmp_path, "{source: [a.parquet, mixed/b.csv]}"
    )
    assert "WB-T02" in refusal(tmp_path, "{source: [a.parquet, a.parquet]}")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and no more")
    assert "WB-T10" in refusal(tmp_path, "{source: [a.parquet, bad.parquet]}")
    assert "WB-T10" in refusal(tmp_path, "{source: bad.parquet}")


def test_a_file_name_is_no_pattern(tmp_path: Path) -> None:
    pd.DataFrame({"id": [1]}).to_parquet(tmp_path / "a[1]*.parquet")
    pd.DataFrame({"id": [2]}).to_parquet(tmp_path / "a1x.parquet")
    assert loaded(tmp_path, "{source: 'a[1]*.parquet'}")["id"].tolist() == [1]


def test_types_can_be_stated_for_parquet_too(tmp_path: Path) -> None:
    pd.DataFrame({"id": [12345678901234567], "day": [20250131], "amount": ["3.5"]}).to_parquet(
        tmp_path / "a.parquet"
    )
    rows = loaded(tmp_path, "{source: a.parquet, types: {id: text, day: date, amount: number}}")
    assert rows.iloc[0].tolist() == ["12345678901234567", pd.Timestamp("2025-01-31"), 3.5]
    assert "WB-T12" in refusal(tmp_path, "{source: a.parquet, types: {idd: text}}")
    assert "Did you mean 'number'" in refusal(tmp_path, "{source: a.parquet, types: {id: numbr}}")


def test_moments_with_a_zone_are_told_in_utc_or_in_the_stated_zone_whatever_the_machine_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    at = pd.to_datetime(["2025-01-01T06:00:00+08:00"], utc=True)
    pd.DataFrame({"id": [1], "at": at}).to_parquet(tmp_path / "a.parquet")
    utc = loaded(tmp_path, "{source: a.parquet, event_time: at}")
    local = loaded(tmp_path, "{source: a.parquet, event_time: at, time_zone: Asia/Shanghai}")
    assert utc["at"].tolist() == [pd.Timestamp("2024-12-31 22:00")]
    assert local["at"].tolist() == [pd.Timestamp("2025-01-01 06:00")]
    assert "WB-T02" in refusal(tmp_path, "{source: a.parquet, time_zone: Asia/Peking}")


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)


def test_columns_that_other_years_call_otherwise_become_one(tmp_path: Path) -> None:
    """A text date in one file and a moment in the next are one column once its type is stated."""
    early = pd.DataFrame({"invoice": ["1"], "day": ["2024-01-02 03:00:00"], "id": [7]})
    later = pd.DataFrame({"id": [8], "invoice no": ["2"], "day": pd.to_datetime(["2025-01-02"])})
    early.to_parquet(tmp_path / "a.parquet")
    later.to_parquet(tmp_path / "b.parquet")
    settings = "{source: [a.parquet, b.parquet], rename: {invoice no: invoice}, types: {day: date}}"
    rows = loaded(tmp_path, settings).sort_values("invoice")
    assert rows["invoice"].tolist() == ["1", "2"]
    assert rows["id"].tolist() == [7, 8]
    assert rows["day"].tolist() == [pd.Timestamp("2024-01-02 03:00"), pd.Timestamp("2025-01-02")]
    assert set(rows) == {"invoice", "day", "id"}


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_renaming_that_gives_a_name_twice_is_refused(tmp_path: Path, ending: str) -> None:
    _write(pd.DataFrame({"invoice": ["1"], "invoice_no": ["2"], "id": [7]}), tmp_path / f"a.{ending}")
    said = refusal(tmp_path, f"{{source: a.{ending}, rename: {{invoice_no: invoice}}}}")
    assert "WB-T24" in said and "two columns that are called 'invoice' once renamed" in said


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_renaming_of_a_column_that_is_not_there_is_refused(tmp_path: Path, ending: str) -> None:
    _write(pd.DataFrame({"invoice": ["1"], "id": [7]}), tmp_path / f"a.{ending}")
    said = refusal(tmp_path, f"{{source: a.{ending}, rename: {{invoice_no: invoice}}}}")
    assert "WB-T12" in said and "invoice_no" in said
