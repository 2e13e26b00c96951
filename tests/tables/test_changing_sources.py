"""A source has a fingerprint; one that is written to while it is read is noticed."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.tables.one import declared, load, loaded, refusal
from workbench.errors import DataError
from workbench.tables import encoding
from workbench.tables.checks import CheckReport, check_tables
from workbench.tables.engine import Engine
from workbench.tables.fingerprint import SourceState
from workbench.tables.read import read_raw, read_table


def test_a_copy_has_the_same_fingerprint_and_another_content_another(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "t.csv").write_text("id,n\na,1\nb,2\n")
    shutil.copy(here / "t.csv", there / "t.csv")
    os.utime(there / "t.csv", (1, 1))
    mark = load(here, "{source: t.csv}")[0].fingerprint
    assert len(mark) == 16
    assert load(there, "{source: t.csv}")[0].fingerprint == mark == read_raw(here / "t.csv").fingerprint
    (there / "t.csv").write_text("id,n\na,1\nb,3\n")
    assert load(there, "{source: t.csv}")[0].fingerprint != mark


def test_of_a_large_file_every_part_counts(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(bytes(6 << 20))
    before = SourceState.of([path])
    assert SourceState.of([path]) == before
    with path.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"x")
    assert SourceState.of([path]).fingerprint != before.fingerprint


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("how", ["written", "same size and time", "removed"])
def test_a_source_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, ending: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"t.{ending}"
    frame = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]})
    write = frame.to_parquet if ending == "parquet" else frame.to_csv
    write(path, index=False)
    with Engine(declared(tmp_path, f"{{source: t.{ending}}}")) as engine:
        repeated = engine._repeated

        def meanwhile(table: object) -> tuple[int, str]:
            times = path.stat()
            if how == "removed":
                path.unlink()
            else:
                data = path.read_bytes()
                path.write_bytes(data + b" " if how == "written" else data[:-1] + b"~")
                os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            return repeated(table)  # type: ignore[arg-type]

        monkeypatch.setattr(engine, "_repeated", meanwhile)
        with pytest.raises(DataError, match=f"WB-T25.*'t.{ending}' changed while it was being read"):
            engine.load("t")


def test_a_gzip_file_is_unpacked_only_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MOST_UNPACKED", 1 << 20)
    monkeypatch.setattr(encoding, "_STEP", 1 << 16)
    rows = b"id,n\n" + b"abc,1\n" * 1000
    (tmp_path / "two.csv.gz").write_bytes(gzip.compress(rows) + gzip.compress(rows[5:]))  # two members
    assert len(read_table(tmp_path / "two.csv.gz").frame) == 2000
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"id,n\n" + b"a,1\n" * (1 << 20)))
    with pytest.raises(
        DataError, match=r"WB-T71.*'bomb.csv.gz' is not read: it unpacks from .* more than 1,048,576"
    ):
        read_table(tmp_path / "bomb.csv.gz")


def test_moments_with_and_without_a_zone_in_one_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "id,at\na,2024-01-01T00:00+08:00\nb,2024-01-01 00:00\nc,2024-01-02 00:00\nd,2024-01-03T00:00Z\n"
    )
    found, rows = load(tmp_path, "{source: t.csv, event_time: at}")
    assert [(n.code, n.column, n.count) for n in found.noticed] == [("WB-T27", "at", 2)]
    assert rows["at"].min() == pd.Timestamp("2023-12-31 16:00")
    found, rows = load(tmp_path, "{source: t.csv, event_time: at, time_zone: Asia/Shanghai}")
    assert found.noticed == ()
    assert sorted(rows["at"]) == [
        pd.Timestamp(t) for t in ("2024-01-01", "2024-01-01", "2024-01-02", "2024-01-03 08:00")
    ]


def test_moments_that_all_name_a_zone_are_told_in_utc_and_said(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,at\na,2024-01-01T00:00+08:00\nb,2024-01-01T00:00+00:00\n")
    found, _ = load(tmp_path, "{source: t.csv, event_time: at}")
    assert [n.code for n in found.noticed] == ["WB-T28"]


def test_an_encoding_that_is_stated_is_held_to(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("id,城市\n01,北京\n02,上海\n".encode("gb18030"))
    assert loaded(tmp_path, "{source: t.csv, encoding: GBK}")["城市"].tolist() == ["北京", "上海"]
    assert "WB-T72: 't.csv' cannot be read as utf-8" in refusal(tmp_path, "{source: t.csv, encoding: UTF8}")
    assert "WB-T02" in refusal(tmp_path, "{source: t.csv, encoding: gb-something}")
    (tmp_path / "u.csv").write_bytes("id,城市\n01,北京\n02,上海\n".encode("utf-16-be"))
    assert loaded(tmp_path, "{source: u.csv, encoding: utf-16-be}")["城市"].tolist() == ["北京", "上海"]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_check_stops_where_the_time_of_rows_mixes_zones(tmp_path: Path, ending: str) -> None:
    at = ["2024-01-01T00:00:00+08:00", "2024-01-01 00:00:00", "2024-01-02 00:00:00"]
    frame = pd.DataFrame({"id": ["a", "b", "c"], "at": at})
    write = frame.to_parquet if ending == "parquet" else frame.to_csv
    write(tmp_path / f"t.{ending}", index=False)
    with Engine(declared(tmp_path, f"{{source: t.{ending}, event_time: at}}")) as engine:
        findings, _ = check_tables(engine)
    (mixed,) = [f for f in findings if f.code == "WB-T27"]
    assert (mixed.severity, mixed.column, mixed.count) == ("stop", "at", 2)
    assert "time_zone:" in mixed.hint


def test_a_check_shows_what_was_changed_but_not_what_is_sensitive(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,income,amount\n01,3万,5万\n02,4万,6万\n合计,7万,11万\n")
    with Engine(declared(tmp_path, "{source: t.csv, sensitive: [income]}")) as engine:
        findings, profiles = check_tables(engine)
    report = CheckReport("one", tuple(findings), tuple(profiles))
    assert "    amount: '5万' -> 50000.0, '6万' -> 60000.0" in report.lines()
    assert not any("3万" in line for line in report.lines() if "set aside" not in line)
    columns = {c["name"]: c for c in report.as_dict()["tables"][0]["columns"]}
    assert columns["amount"]["form"] == "units"
    assert columns["income"]["examples"] == []
    assert [(f.severity, f.count) for f in findings if f.code == "WB-T29"] == [("quarantine", 1)]
