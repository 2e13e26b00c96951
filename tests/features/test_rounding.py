"""What the order of additions leaves behind the twelfth digit is cut off, and nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import RowsFeature
from workbench.features.rounding import settled
from workbench.features.windows import Window
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_hardly_changes_and_only_once(value: float) -> None:
    once = settled(np.array([value]))
    assert abs(once[0] - value) <= 1e-11 * abs(value)
    # powers of ten beyond 10^22 are no exact doubles: far below a billionth the last bit may move once more
    assert settled(once)[0] == pytest.approx(once[0], rel=0 if abs(value) > 1e-10 else 1e-15, abs=0)


@given(st.integers(-999_999_999_999, 999_999_999_999))
def test_an_amount_with_cents_stays_to_the_cent(cents: int) -> None:
    assert settled(np.array([cents / 100]))[0] == cents / 100


def test_what_is_no_number_or_whole_stays() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, 2.0**53 + 2, 622202123456789012.0, 5e-324])
    np.testing.assert_array_equal(settled(values), values)


@given(st.lists(st.integers(-10_000_000, 10_000_000), min_size=2, max_size=200), st.randoms())
def test_sums_of_cents_are_equal_in_every_order(cents: list[int], luck: object) -> None:
    amounts = [c / 100 for c in cents]
    mixed = list(amounts)
    luck.shuffle(mixed)  # ty: ignore[unresolved-attribute]
    one, other = settled(np.array([sum(amounts), sum(mixed)]))
    assert one == other == sum(cents) / 100


@pytest.mark.parametrize("cutoffs", [1, 6])
def test_a_frame_computed_twice_by_several_threads_is_the_same(cutoffs: int) -> None:
    rng = np.random.default_rng(0)
    size, people = 600_000, 300
    orders = pd.DataFrame(
        {
            "customer": rng.integers(0, people, size),
            "at": np.datetime64("2025-01-01") + rng.integers(0, 180 * 86400, size).astype("timedelta64[s]"),
            "amount": rng.integers(-50_000, 1_000_000, size) / 100,
        }
    )
    table = Table("orders", "-", event_time="at", keep_duplicates=True)
    shop = TableSet(
        "shop", Path(), Text.of("s"), "customer", {"orders": table}, observed_until=datetime(2026, 1, 1)
    )
    spent = RowsFeature(
        name="spent",
        source="orders",
        value="amount",
        aggregate=(REGISTRY["sum"], REGISTRY["mean"]),
        windows=(Window.parse("90d"), Window()),
    )
    days = pd.date_range("2025-02-01", periods=cutoffs, freq="MS")
    spine = pd.DataFrame([(c, t) for c in range(people) for t in days], columns=["customer", "_cutoff"])
    spine.insert(0, "_row", range(len(spine)))
    with Engine(shop, threads=4) as engine:
        engine.put_rows("orders", orders)
        store_spine(engine, spine)
        first, *others = (feature_values(engine, [spent], None, len(spine)) for _ in range(4))
    for other in others:
        pd.testing.assert_frame_equal(first[["spent_sum_90d", "spent_sum_all"]], other[["spent_sum_90d", "spent_sum_all"]], check_exact=True)  # fmt: skip
        pd.testing.assert_frame_equal(first, other, rtol=1e-11)
