"""Amounts, dates and clocks as people and office programs write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.tables.read import read_table
from workbench.tables.types import Reading, read_as, understood


def column(*cells: str) -> pd.Series:
    return pd.Series(list(cells), dtype="str")


@pytest.mark.parametrize(
    ("cells", "form", "values"),
    [
        (["3.5万", "1.2亿", "800", "1,234.50"], "units", [35000, 120000000, 800, 1234.5]),
        (["3.5萬元", "￥1,234", "7元", "-2千", "1.1万亿"], "units", [35000, 1234, 7, -2000, 1.1e12]),
        (["（３．５万）", "５万"], "units", [-35000, 50000]),
        (["(1,234.50)", "2,000.00", "7"], "accounting", [-1234.5, 2000, 7]),
        (["（１，２３４．５０）", "１２", "－３"], "accounting", [-1234.5, 12, -3]),
        (["¥(12)", "(¥1,200)", "5"], "accounting", [-12, -1200, 5]),
        (["１２３４．５", "１"], "", [1234.5, 1]),
        (["１２％", "７．５％"], "percent", [0.12, 0.075]),
    ],
)
def test_amounts(cells: list[str], form: str, values: list[float]) -> None:
    reading, read = understood(column(*cells))
    assert reading == Reading("number", form)
    np.testing.assert_allclose(read.series.to_numpy(), values, rtol=1e-15)


@pytest.mark.parametrize("form", ["", "thousands", "accounting", "units"])
def test_a_form_found_in_training_reads_every_other_amount_in_scoring(form: str) -> None:
    read = read_as(column("3.5万", "(1,234.50)", "1,234", "１２", "many"), Reading("number", form))
    np.testing.assert_array_equal(read.series.to_numpy(), [35000, -1234.5, 1234, 12, np.nan])
    assert read.unreadable == 1


@given(
    st.integers(-(10**9), 10**9),
    st.sampled_from([("", 1), ("千", 10**3), ("万", 10**4), ("亿", 10**8)]),
    st.booleans(),
)
def test_a_unit_multiplies_and_full_width_signs_change_nothing(
    number: int, unit: tuple[str, int], wide: bool
) -> None:
    text = f"{number / 100:.2f}{unit[0]}"
    if wide:
        text = "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in text)
    read = read_as(column(text), Reading("number", "units"))
    assert read.series[0] == pytest.approx(number * unit[1] / 100, rel=1e-12, abs=1e-6)


@pytest.mark.parametrize(
    "cells",
    [["10-20万", "20-30万"], ["男", "女"], ["是", "否"], ["3年", "5年"], ["一万", "两万"], ["(a)", "(b)"]],
)
def test_words_stay_words(cells: list[str]) -> None:
    reading, read = understood(column(*cells))
    assert reading == Reading("category")
    assert read.series.tolist() == cells


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024年1月3日", "2024-01-03"),
        ("2024 年 1 月 3 日", "2024-01-03"),
        ("2024年1月3号", "2024-01-03"),
        ("２０２４年０１月０３日", "2024-01-03"),
        ("２０２４－０１－０３", "2024-01-03"),
        ("2024年1月3日 14时05分", "2024-01-03 14:05"),
        ("2024年1月3日14时05分09秒", "2024-01-03 14:05:09"),
        ("2024年1月3日 14:05", "2024-01-03 14:05"),
        ("2024年1月3日14:05:09", "2024-01-03 14:05:09"),
        ("2024/1/3 下午2:05", "2024-01-03 14:05"),
        ("2024/1/3 上午9:05:07", "2024-01-03 09:05:07"),
        ("2024-01-03 下午 2点", "2024-01-03 14:00"),
        ("2024-01-03 中午12:30", "2024-01-03 12:30"),
        ("2024-01-03 凌晨12:30", "2024-01-03 00:30"),
        ("2024-01-03 晚上11点05分", "2024-01-03 23:05"),
        ("2024年1月", "2024-01-01"),
    ],
)
def test_dates(written: str, meant: str) -> None:
    reading, read = understood(column(written, written))
    assert reading.type == "date"
    assert read.series[0] == pd.Timestamp(meant)
    # a model that stored the form reads the next file the same way
    assert read_as(column(written), reading).series[0] == pd.Timestamp(meant)


def test_a_form_stored_before_clocks_were_understood_still_reads() -> None:
    old = Reading("date", "%Y年%m月%d日%H:%M|%Y年%m月%d日")
    read = read_as(column("2024年1月3日14:05", "2024年1月4日", "2024年1月5日 8时30分"), old)
    assert read.series.tolist() == [
        pd.Timestamp("2024-01-03 14:05"),
        pd.Timestamp("2024-01-04"),
        pd.Timestamp("2024-01-05 08:30"),
    ]


def test_what_was_understood_is_shown_before_and_after(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "id,amount,day,plain,word\n007,3.5万,2024年1月3日,1,a\n008,many,2024年1月4日,2,b\n"
        + "".join(f"{i:03d},{i},2024年1月5日,{i},c\n" for i in range(9, 60))
    )
    shown = {c.name: c for c in read_table(path).columns}
    assert shown["amount"].line() == "amount: '3.5万' -> 35000.0, 'many' -> missing (1 unreadable)"
    assert shown["day"].line().startswith("day: '2024年1月3日' -> 2024-01-03, ")
    assert [n for n, c in shown.items() if c.changed] == ["amount", "day"]
    assert shown["plain"].as_dict()["examples"][0] == {"before": "1", "after": 1}
    assert (shown["id"].type, shown["id"].examples[0].after) == ("text", "007")


def test_a_change_far_down_is_shown_too(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("amount\n" + "1.5\n" * 5000 + "1.2亿\n" + "2\n" * 10)
    (amount,) = read_table(path).columns
    assert amount.line() == "amount: '1.2亿' -> 120000000.0"
