"""What names a customer leaves `score` exactly as it came, whatever the formats of the two files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.dataset.flat import flat_scoring_frame
from workbench.dataset.schema import Column, ColumnSchema
from workbench.scoring.batch import write_scored
from workbench.tables.read import read_raw

SCHEMA = ColumnSchema((Column("amount", "number", "units"),), ("id",))
IDS = {
    "zeros": ["007", "012", "000"],
    "long": ["6222021234567890123", "110101199001011234", "6222021234567890124"],
    "mixed": ["A7", "12", "0x1F"],
}


def write(frame: pd.DataFrame, path: Path) -> None:
    {".csv": frame.to_csv, ".xlsx": frame.to_excel, ".parquet": frame.to_parquet}[path.suffix](
        path, index=False
    )


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS.keys())
@pytest.mark.parametrize("source", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("out", ["csv", "xlsx", "parquet", "csv.gz"])
def test_identifiers_pass_unchanged(tmp_path: Path, ids: list[str], source: str, out: str) -> None:
    path = tmp_path / f"customers.{source}"
    write(pd.DataFrame({"id": ids, "amount": ["3.5万", "1,200", "１２"]}), path)
    keys, features = flat_scoring_frame(path, SCHEMA)
    assert features["amount"].tolist() == [35000, 1200, 12]
    written = write_scored(keys.assign(probability=0.5), tmp_path / f"scored.{out}")
    assert read_raw(written).frame["id"].tolist() == ids


@pytest.mark.parametrize("out", ["csv", "xlsx", "parquet"])
def test_a_number_of_nineteen_digits_in_parquet_keeps_all_of_them(tmp_path: Path, out: str) -> None:
    path = tmp_path / "customers.parquet"
    write(pd.DataFrame({"id": [6222021234567890123, 6222021234567890124], "amount": [1.0, 2.0]}), path)
    keys, _ = flat_scoring_frame(path, SCHEMA)
    written = write_scored(keys.assign(probability=0.5), tmp_path / f"scored.{out}")
    kept = read_raw(written).frame["id"].map(str).tolist()
    assert kept == ["6222021234567890123", "6222021234567890124"]


def test_a_sheet_with_numbers_and_text_in_its_key_can_be_written_to_parquet(tmp_path: Path) -> None:
    path = tmp_path / "customers.xlsx"
    write(pd.DataFrame({"id": pd.Series(["007", 12, 13.0], dtype=object), "amount": [1, 2, 3]}), path)
    keys, _ = flat_scoring_frame(path, SCHEMA)
    written = write_scored(keys.assign(probability=0.5), tmp_path / "scored.parquet")
    assert pd.read_parquet(written)["id"].tolist() == ["007", "12", "13"]


def test_keys_that_excel_has_shortened_are_said_and_a_total_row_is_not_scored(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("id,amount\n1.10E+17,1万\n6.22E+18,2万\n合计,3万\n")
    rows = flat_scoring_frame(path, SCHEMA)
    assert rows.keys["id"].tolist() == ["1.10E+17", "6.22E+18"]
    assert any("have lost their last digits in Excel" in note for note in rows.notes)
    assert any("set aside (合计, 3万)" in note for note in rows.notes)
