"""What a column of text turns out to hold."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tables.read import read_table
from workbench.tables.types import Reading, read_as, reading_of


def column(*cells: str | None) -> pd.Series:
    return pd.Series(list(cells), dtype="str")


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2.5", "-3e2", ""], [1, 2.5, -300, np.nan]),
        (["1,234", "12,345,678.5", "7"], [1234, 12345678.5, 7]),
        (["$1,200", "¥30", "€5.50"], [1200, 30, 5.5]),
        (["12%", "7.5 %", "-3％"], [0.12, 0.075, -0.03]),
        (["1.234,5", "0,25", "-7,0"], [1234.5, 0.25, -7]),
        (["1 234,5", "12 345 678,0", "0,5"], [1234.5, 12345678, 0.5]),
        (["1\u00a0234", "12\u202f345", "7"], [1234, 12345, 7]),
        (["1'234.50", "12'345.00"], [1234.5, 12345]),
        (["True", "false", ""], [1, 0, np.nan]),
        ([" 5 ", "NA", "null", "-", "无", "6"], [5, np.nan, np.nan, np.nan, np.nan, 6]),
        (["inf", "-Infinity", "1"], [np.nan, np.nan, 1]),
    ],
)
def test_text_that_is_numbers(cells: list[str], values: list[float]) -> None:
    series = column(*cells)
    reading = reading_of(series)
    assert reading.type == "number"
    np.testing.assert_array_equal(read_as(series, reading).series.to_numpy(), values)


@pytest.mark.parametrize(
    "cells",
    [
        ["007", "123", "456"],
        ["6222021234567890123", "6222021234567890124"],
        ["+8613800138000", "+8613900139000"],
        ["1", "2", "3", "X"],
        ["yes", "no"],
        ["10-20", "20-30", "30+"],
        ["10.0.0.1", "10.0.0.2"],
    ],
)
def test_text_that_stays_text(cells: list[str]) -> None:
    series = column(*cells)
    assert reading_of(series) == Reading("category")
    assert read_as(series, Reading("category")).series.tolist() == cells


@pytest.mark.parametrize(
    ("cells", "first"),
    [
        (["2025-03-31", "2024-02-29"], "2025-03-31"),
        (["2025-3-1", "2024-12-9"], "2025-03-01"),
        (["2025/03/31", "2024/2/9"], "2025-03-31"),
        (["31.03.2025", "01.12.2024"], "2025-03-31"),
        (["31/03/2025", "01/12/2024"], "2025-03-31"),
        (["03/31/2025", "12/01/2024"], "2025-03-31"),
        (["2025年3月31日", "2024年12月1日"], "2025-03-31"),
        (["31 Mar 2025", "1 Dec 2024"], "2025-03-31"),
        (["31-Mar-25", "01-Dec-24"], "2025-03-31"),
        (["March 31, 2025", "December 1, 2024"], "2025-03-31"),
        (["2025-03", "2024-12"], "2025-03-01"),
        (["2025-03-31 08:30", "2024-12-01 23:59"], "2025-03-31 08:30"),
        (["2025-03-31 08:30:15", "2024-12-01 23:59:00"], "2025-03-31 08:30:15"),
        (["2025-03-31T08:30:15.250", "2024-12-01T23:59:00.000"], "2025-03-31 08:30:15.250"),
        (["2025-03-31T08:30:15Z", "2024-12-01T00:00:00Z"], "2025-03-31 08:30:15"),
        (["2025-03-31T08:30:15+08:00", "2024-12-01T00:00:00+08:00"], "2025-03-31 00:30:15"),
        (["3/31/2025 8:30 PM", "12/1/2024 9:00 AM"], "2025-03-31 20:30"),
        (["2025年3月31日 08:30", "2024年12月1日 09:00"], "2025-03-31 08:30"),
    ],
)
def test_text_that_is_dates(cells: list[str], first: str) -> None:
    series = column(*cells, None)
    reading = reading_of(series)
    assert reading.type == "date"
    values = read_as(series, reading)
    assert values.series[0] == pd.Timestamp(first)
    assert values.series.dtype == "datetime64[us]"
    assert (values.unreadable, int(values.series.isna().sum())) == (0, 1)


def test_eight_digits_that_are_all_dates_are_dates() -> None:
    days = pd.date_range("2024-12-28", periods=8).strftime("%Y%m%d")
    assert reading_of(column(*days)) == Reading("date", "%Y%m%d")
    assert reading_of(pd.Series(days.astype(int))) == Reading("date", "%Y%m%d")
    assert reading_of(column(*days, "20241350")) == Reading("number")


def test_several_formats_in_one_column_are_all_read() -> None:
    series = column(*["2025-01-31"] * 10, *["31.12.2024"] * 5, *["1 Feb 2025"] * 3)
    values = read_as(series, reading_of(series))
    assert values.series.dt.strftime("%Y-%m-%d").unique().tolist() == [
        "2025-01-31",
        "2024-12-31",
        "2025-02-01",
    ]


def test_up_to_five_in_a_hundred_may_be_unreadable() -> None:
    dates = [f"2025-01-{d:02d}" for d in range(1, 20)]
    one = column(*dates, "soon")
    assert reading_of(one).type == "date"
    assert (read_as(one, reading_of(one)).unreadable, read_as(one, reading_of(one)).example) == (1, "soon")
    assert reading_of(column(*dates, "soon", "later")).type == "category"
    numbers = [str(n) for n in range(40)]
    assert reading_of(column(*numbers, "many")).type == "number"
    assert reading_of(column(*numbers, *["many"] * 3)).type == "category"


def test_dates_beyond_reason_are_missing_and_counted_apart() -> None:
    series = column("2025-01-01", "9999-12-31", "0001-01-01", "2025-02-01")
    values = read_as(series, reading_of(series))
    assert (values.impossible, values.unreadable) == (2, 0)
    assert values.series.isna().tolist() == [False, True, True, False]


def test_notes_say_what_was_done(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "opened,limit,rate,ratio,visit\n"
        + "".join(f'0{d}/02/2025,"{d},000",{d}%,{"inf" if d == 3 else d},2025-01-0{d}\n' for d in range(1, 9))
    )
    assert read_table(path).notes == (
        "Dates were read from text in 'opened', 'visit'.",
        "Dates like 02/03/2025 could be read either way and were read as day/month/year in 'opened'.",
        "Numbers written with thousands separators (1,234 is 1234) were read in 'limit'.",
        "Numbers written with a percent sign (12% is 0.12) were read in 'rate'.",
        "1 infinite numbers were counted as missing, in 'ratio'.",
    )


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=8)
frames = st.integers(2, 12).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "whole": st.lists(st.integers(-(10**9), 10**9), min_size=n, max_size=n),
            "real": st.lists(st.floats(-1e9, 1e9, allow_nan=False, width=32), min_size=n, max_size=n),
            "day": st.lists(st.dates(pd.Timestamp("1900-01-01").date()), min_size=n, max_size=n),
            "word": st.lists(words.map(lambda w: f"w{w}"), min_size=n, max_size=n),
        }
    )
)


@settings(max_examples=60, deadline=None)
@given(frames, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_written_is_what_is_read(columns: dict[str, list], separator: str, encoding: str) -> None:
    columns["day"] = [
        d if d.year < 2200 else d.replace(year=2000, day=min(d.day, 28)) for d in columns["day"]
    ]
    frame = pd.DataFrame(columns).astype({"word": "str"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(frame.to_csv(index=False, sep=separator).encode(encoding))
        read = read_table(path).frame
    assert read["whole"].tolist() == columns["whole"]
    np.testing.assert_array_equal(read["real"].to_numpy(float), np.array(columns["real"], dtype=float))
    assert read["day"].dt.date.tolist() == columns["day"]
    assert read["word"].tolist() == columns["word"]
