"""Calendar months by the cutoff's calendar, half-open like every window."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from workbench.dataset.build import feature_values, store_spine
from workbench.errors import DefinitionError
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text

MOMENTS = ["2024-11-30 23:59:59", "2024-12-01", "2024-12-31 23:59:59", "2025-01-01", "2025-01-31 23:59:59", "2025-02-01", "2025-02-28 23:59:59", "2025-03-01", "2025-03-31 11:59:59", "2025-03-31 12:00:00"]  # fmt: skip


def counted(cutoff: datetime, *windows: str) -> list[list[str]]:
    """Which of the moments each window holds: each moment is a different amount."""
    orders = pd.DataFrame(
        {
            "who": 1,
            "amount": [2.0**i for i in range(len(MOMENTS))],
            "at": pd.to_datetime(MOMENTS, format="ISO8601"),
        }
    )
    feature = RowsFeature(
        name="x",
        source="orders",
        value="amount",
        aggregate=(REGISTRY["sum"],),
        windows=tuple(Window.parse(w) for w in windows),
    )
    tables = {"orders": Table("orders", "-", event_time="at")}
    with Engine(
        TableSet("x", Path(), Text.of("x"), "who", tables, observed_until=datetime(2026, 1, 1))
    ) as engine:
        engine.put_rows("orders", orders)
        store_spine(engine, pd.DataFrame({"_row": [0], "who": [1], "_cutoff": [cutoff]}))
        values = feature_values(engine, [feature], None, 1)
    return [[m for i, m in enumerate(MOMENTS) if int(values.at[0, f"x_sum_{w}"]) >> i & 1] for w in windows]


def test_months_of_a_cutoff_in_the_middle_of_one() -> None:
    found = counted(
        datetime(2025, 3, 31, 12), "this_month", "month-1", "month-2", "month-3..month-2", "month-12..month-1"
    )
    assert found == [MOMENTS[7:9], MOMENTS[5:7], MOMENTS[3:5], MOMENTS[1:5], MOMENTS[0:7]]


def test_on_the_first_moment_of_a_month_that_month_is_still_empty() -> None:
    assert counted(datetime(2025, 3, 1), "this_month", "month-1", "month-3..month-1") == [
        [],
        MOMENTS[5:7],
        MOMENTS[1:7],
    ]


@pytest.mark.parametrize(
    "written", ["month-0", "month-1..month-3", "month-2..month-0", "month-1..30d", "this_month..month-1", "month", "month-", "month--1", "month-1000", "0d"]
)  # fmt: skip
def test_what_is_no_span_of_months_is_refused(written: str) -> None:
    with pytest.raises(DefinitionError, match="^WB-F04"):
        Window.parse(written)


@pytest.mark.parametrize(
    ("written", "again"), [("month-1..month-1", "month-1"), (" month-3..month-1 ", "month-3..month-1"), ("this_month", "this_month")]
)  # fmt: skip
def test_a_window_is_written_one_way(written: str, again: str) -> None:
    assert str(Window.parse(written)) == again
