"""What is no table is refused in one sentence with a stable code."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.tables.read import read_table

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\x00" * 100


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.csv", "a,b\n1,2\n")


def _empty_workbook(path: Path) -> None:
    pd.DataFrame().to_excel(path, index=False)


CASES: list[tuple[str, str, Callable[[Path], object], str]] = [
    ("WB-T62", "folder.csv", lambda p: p.mkdir(), "is a folder"),
    ("WB-T63", "picture.csv", lambda p: p.write_bytes(PNG), "a PNG picture"),
    ("WB-T63", "paper.csv", lambda p: p.write_bytes(b"%PDF-1.7\n..."), "a PDF document"),
    ("WB-T63", "noise.csv", lambda p: p.write_bytes(np.random.default_rng(0).bytes(4000)), "binary data"),
    ("WB-T63", "page.csv", lambda p: p.write_text("<!DOCTYPE html>\n<html><p>a,b</p></html>"), "a web page"),
    ("WB-T63", "list.csv", lambda p: p.write_text(json.dumps([{"a": 1, "b": 2}] * 9, indent=1)), "JSON"),
    ("WB-T63", "lines.csv", lambda p: p.write_text('{"a": 1, "b": 2}\n{"a": 2, "b": 3}\n'), "JSON"),
    ("WB-T63", "archive.csv", _zip, "a ZIP archive"),
    (
        "WB-T63",
        "old.xls",
        lambda p: p.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 64),
        "save it as .xlsx",
    ),
    ("WB-T64", "nothing.csv", lambda p: p.write_bytes(b""), "is empty"),
    ("WB-T64", "blank.csv", lambda p: p.write_text("\n\n  \n"), "is empty"),
    ("WB-T64", "blank.csv.gz", lambda p: p.write_bytes(gzip.compress(b"")), "is empty"),
    ("WB-T64", "blank.xlsx", _empty_workbook, "is empty"),
    ("WB-T65", "header.csv", lambda p: p.write_text("a,b,c\n"), "a header of 3 columns but no rows"),
    (
        "WB-T65",
        "header.parquet",
        lambda p: pd.DataFrame({"a": []}).to_parquet(p),
        "a header of 1 columns but no rows",
    ),
    ("WB-T65", "header.xlsx", lambda p: pd.DataFrame({"a": []}).to_excel(p, index=False), "no rows"),
    ("WB-T66", "ragged.csv", lambda p: p.write_text("a,b\n" + "1,2\n" * 30 + "1,2,3\n" * 5), "5 of 35 rows"),
    (
        "WB-T66",
        "prose.txt",
        lambda p: p.write_text("Well, yes\nNo\nOh, my, my\nA, b, c, d\n\nSo?\n"),
        "no separator",
    ),
    (
        "WB-T66",
        "quote.csv",
        lambda p: p.write_text('a,b\n1,x\n2,"y\n3,z\n4,z\n'),
        "line 3 is opened and never closed",
    ),
    ("WB-T69", "cut.csv.gz", lambda p: p.write_bytes(gzip.compress(b"a,b\n1,2\n" * 99)[:-9]), "gzip"),
    ("WB-T69", "cut.parquet", lambda p: p.write_bytes(b"PAR1" + b"\x00" * 50), "Parquet"),
    ("WB-T69", "cut.xlsx", lambda p: p.write_bytes(b"PK\x03\x04" + b"\x01" * 50), "Excel"),
    ("WB-T69", "cut.csv", lambda p: p.write_bytes("a,b\n1,2\n".encode("utf-16")[:-1]), "utf-16"),
]


@pytest.mark.parametrize(("code", "name", "write", "words"), CASES, ids=[f"{c[0]}-{c[1]}" for c in CASES])
def test_no_table(tmp_path: Path, code: str, name: str, write: Callable[[Path], object], words: str) -> None:
    path = tmp_path / name
    write(path)
    with pytest.raises(DataError) as caught:
        read_table(path)
    error = caught.value
    assert (error.code, error.exit_code) == (code, 3)
    assert name in error.message
    assert words in error.message
    assert error.hint


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "custmers.csv")
    assert caught.value.code == "WB-T61"
    assert "Did you mean 'customers.csv'?" in caught.value.hint
    with pytest.raises(DataError, match="There is no folder"):
        read_table(tmp_path / "nowhere" / "customers.csv")


def test_a_missing_sheet_names_the_others(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_excel(tmp_path / "t.xlsx", sheet_name="March", index=False)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / "t.xlsx", sheet="march")
    assert caught.value.code == "WB-T68"
    assert "Did you mean 'March'?" in caught.value.hint
