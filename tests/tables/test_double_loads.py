"""A period loaded twice is set aside once; rows that are rightly equal stay."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.tables.double_loads import DoubleLoad
from workbench.tables.engine import Engine, Loaded
from workbench.tables.schema import Table, TableSet
from workbench.text import Text


def loaded(rows: pd.DataFrame, *, keep: bool = True, at: str | None = "at") -> tuple[Loaded, pd.DataFrame]:
    """What loading found, and the rows that are left; equal rows are rightly equal unless keep=False."""
    table = Table("lines", "lines.csv", event_time=at, keep_duplicates=keep, loaded_once=keep)
    with Engine(TableSet("x", Path(), Text.of("x"), "customer", {"lines": table})) as engine:
        found = engine.put_rows("lines", rows)
        return found, engine.frame(_everything())[list(rows.columns)]


def _everything():
    from sqlglot import exp

    return exp.select("*").from_("lines")


def lines(first: str, days: int, *, per_day: int = 20) -> pd.DataFrame:
    """Invoice lines of some days; on every third day one line is there twice, rightly."""
    rows = [
        (i % 5, pd.Timestamp(first) + pd.Timedelta(d, "D") + pd.Timedelta(i, "h"), f"p{i}", float(i))
        for d in range(days)
        for i in [*range(per_day), *([0] if d % 3 == 0 else [])]
    ]
    return pd.DataFrame(rows, columns=["customer", "at", "product", "amount"])


def test_two_files_that_overlap_count_once() -> None:
    """January to 20 March and 11 March to May: ten days are there twice, and the equal lines in them stay two lines."""
    year = lines("2025-01-01", 150)
    one, two = year[year["at"] < "2025-03-21"], year[year["at"] >= "2025-03-11"]
    found, left = loaded(pd.concat([one, two]))
    assert found.double_load is not None
    assert found.double_load.period() == "2025-03-11 to 2025-03-20"
    assert found.copies == len(one) + len(two) - len(year)
    assert Counter(map(tuple, left.to_numpy())) == Counter(map(tuple, year.to_numpy()))


def test_rows_that_are_rightly_equal_are_no_double_load() -> None:
    found, left = loaded(lines("2025-01-01", 150))
    assert found.double_load is None
    assert len(left) == 150 * 20 + 50


def test_the_same_file_three_times_is_one_file() -> None:
    one = lines("2025-01-01", 20)
    found, left = loaded(pd.concat([one, one, one]))
    assert found.double_load == DoubleLoad(3, (), 2 * len(one))
    assert found.double_load.period() == "the whole table"
    assert Counter(map(tuple, left.to_numpy())) == Counter(map(tuple, one.to_numpy()))


def test_a_table_without_time_can_be_there_twice_as_a_whole() -> None:
    one = lines("2025-01-01", 20)
    found, left = loaded(pd.concat([one, one]), at=None)
    assert (found.copies, len(left)) == (len(one), len(one))


def test_a_day_that_is_there_twice_in_part_belongs_to_the_period() -> None:
    year = lines("2025-01-01", 60)
    one, two = year[year["at"] < "2025-02-10 04:00"], year[year["at"] >= "2025-02-01 04:00"]
    found, left = loaded(pd.concat([one, two]))
    assert found.double_load is not None
    assert found.double_load.period() == "2025-02-01 to 2025-02-10"
    # the one line that is rightly there twice on a rim day, outside the overlap, cannot be told from a copy
    assert 0 <= len(year) - len(left) <= 2


def test_copies_may_differ_in_one_column_that_was_filled_later() -> None:
    """In the second file missing products were called Unknown: the copies are found all the same."""
    year = lines("2025-01-01", 90)
    year.loc[year.index % 40 == 7, "product"] = None
    one, two = (
        year[year["at"] < "2025-02-10"],
        year[year["at"] >= "2025-02-01"].fillna({"product": "Unknown"}),
    )
    found, left = loaded(pd.concat([one, two]))
    assert found.double_load is not None
    assert found.double_load.differing == "product"
    assert len(left) == len(year)
    assert (left["product"] == "Unknown").sum() == two["product"].eq("Unknown").sum()


def test_equal_rows_are_set_aside_beside_copies_unless_they_are_kept() -> None:
    year = lines("2025-01-01", 150)
    found, left = loaded(pd.concat([year, year[year["at"] >= "2025-05-01"]]), keep=False)
    assert found.copies == (year["at"] >= "2025-05-01").sum()
    assert found.duplicates == 50
    assert len(left) == 150 * 20


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from("abc"), st.integers(0, 3)), min_size=1, max_size=80
    )
)
def test_few_rows_or_rows_equal_by_chance_are_never_set_aside(rows: list[tuple[int, str, int]]) -> None:
    """Random rows over thirty days, equal by chance: no day run of twenty different even groups is to be expected."""
    frame = pd.DataFrame(rows, columns=["day", "product", "customer"])
    frame["at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    groups = Counter(map(tuple, frame.to_numpy()))
    even = sum(n for n in groups.values() if n % 2 == 0)
    found, left = loaded(frame)
    if even < 0.8 * len(frame):
        assert found.double_load is None or len(left) >= len(frame) - even
    if len(groups) < 20:
        assert (found.double_load, len(left)) == (None, len(frame))


def test_online_retail_has_nine_days_in_both_files(shared_data: Path) -> None:
    """22,523 lines of 1-9 December 2010, as the data's provenance states; 107 of them have another description."""
    folder = shared_data / "online_retail"
    one = pd.read_parquet(folder / "online_retail_II_2009_2010.parquet")
    two = pd.read_parquet(folder / "online_retail_2010_2011.parquet")
    two = two.rename(columns={"InvoiceNo": "Invoice", "UnitPrice": "Price", "CustomerID": "Customer ID"})
    both = pd.concat([one.assign(InvoiceDate=pd.to_datetime(one["InvoiceDate"])), two])
    found, left = loaded(both, at="InvoiceDate")
    assert found.double_load is not None
    assert found.double_load.period() == "2010-12-01 to 2010-12-09"
    assert (found.copies, found.double_load.differing) == (22_523, "Description")
    assert len(left) == 525_461 + 541_909 - 22_523


@pytest.mark.parametrize("keep", [True, False])
def test_an_empty_table_has_no_copies(keep: bool) -> None:
    found, left = loaded(lines("2025-01-01", 1).head(0), keep=keep)
    assert (found.copies, len(left)) == (0, 0)
