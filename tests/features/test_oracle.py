"""The compiled SQL agrees with a slow per-row reading, for every aggregation, on data full of ties and boundaries."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.oracle import expected
from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations import REGISTRY
from workbench.features.aggregations.quantiles import Quantile
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.durations import Duration
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text

WINDOWS = tuple(
    Window.parse(w) for w in ("all", "30d", "1mo", "7d..40d", "month-1", "month-3..month-2", "this_month")
)
CUTOFFS = [datetime(2025, 3, 1), datetime(2025, 3, 31), datetime(2025, 5, 1, 12)]


def shop(known_after: str) -> TableSet:
    orders = Table(
        "orders", "-", event_time="at", known_after=Duration.parse(known_after), keep_duplicates=True
    )
    return TableSet(
        "shop", Path(), Text.of("shop"), "customer", {"orders": orders}, observed_until=datetime(2026, 1, 1)
    )


def random_orders(seed: int) -> pd.DataFrame:
    """Few distinct times, many of them exactly at a window's edge, one second beside it, or at the cutoff."""
    rng = np.random.default_rng(seed)
    edges = [c - timedelta(days=int(d)) for c in CUTOFFS for d in (0, 1, 7, 14, 28, 30, 31, 40, 49)]
    moments = [e + timedelta(seconds=int(s)) for e in edges for s in (-1, 0, 0, 1)]
    size = 160
    return pd.DataFrame(
        {
            "customer": rng.integers(1, 5, size),
            "at": pd.to_datetime([moments[i] for i in rng.integers(0, len(moments), size)]),
            "amount": np.where(rng.random(size) < 0.1, np.nan, rng.integers(-3, 6, size) / 2),
            "shelf": np.where(rng.random(size) < 0.1, None, rng.choice(["a", "b", "c"], size)),
        }
    )


def all_features() -> list[RowsFeature]:
    numbers = (*REGISTRY.values(), Quantile(25), Quantile(5))
    texts = tuple(a for a in numbers if a.needs != "number")
    plain = tuple(a for a in numbers if a.needs == "nothing")
    return [
        RowsFeature(
            name="amount",
            source="orders",
            value="amount",
            aggregate=numbers,
            windows=WINDOWS,
            half_life=Duration(10),
        ),
        RowsFeature(name="shelf", source="orders", value="shelf", aggregate=texts, windows=WINDOWS),
        RowsFeature(name="orders", source="orders", aggregate=plain, windows=WINDOWS),
    ]


def computed(
    orders: pd.DataFrame, features: list[RowsFeature], known_after: str, cutoffs: list[datetime] = CUTOFFS
) -> tuple[pd.DataFrame, pd.DataFrame]:
    with Engine(shop(known_after), threads=2) as engine:
        engine.put_rows("orders", orders)
        spine = pd.DataFrame([(c, t) for c in range(1, 6) for t in cutoffs], columns=["customer", "_cutoff"])
        spine.insert(0, "_row", range(len(spine)))
        store_spine(engine, spine)
        return spine, feature_values(engine, features, None, len(spine))


def same(got: Any, wanted: Any) -> bool:
    if wanted is None or (isinstance(wanted, float) and math.isnan(wanted)):
        return got is None or pd.isna(got)
    if isinstance(wanted, str):
        return got == wanted
    return got is not None and math.isclose(float(got), float(wanted), rel_tol=1e-8, abs_tol=1e-9)


@pytest.mark.parametrize(("seed", "known_after", "cutoffs"), [(0, "0d", 3), (1, "36h", 3), (2, "36h", 1)])
def test_every_aggregation_agrees_with_the_slow_reading(seed: int, known_after: str, cutoffs: int) -> None:
    """With one cutoff for all rows, as when everyone is scored, the moments stand in the query themselves."""
    assert not disagreements(seed, known_after, CUTOFFS[-cutoffs:])


def disagreements(seed: int, known_after: str, cutoffs: list[datetime]) -> list[tuple]:
    """The first few values that are not what the slow reading gives."""
    orders, features = random_orders(seed), all_features()
    spine, values = computed(orders, features, known_after, cutoffs)
    delay = timedelta(hours=Duration.parse(known_after).days * 24)
    wrong = []
    for row in spine.itertuples():
        for feature in features:
            wanted = expected(
                feature,
                orders,
                feature.value,
                row.customer,
                spine.at[row.Index, "_cutoff"].to_pydatetime(),
                delay,
            )
            for name, value in wanted.items():
                got = values.at[row.Index, name]
                if not same(got, value):
                    wrong.append((row.customer, spine.at[row.Index, "_cutoff"], name, got, value))
    return wrong[:5]


def test_rows_in_another_order_change_nothing() -> None:
    """Duplicate timestamps are deterministic, whatever the order of the file and the number of threads."""
    orders, features = random_orders(2), all_features()
    _, first = computed(orders, features, "0d")
    _, second = computed(orders.sample(frac=1, random_state=1).reset_index(drop=True), features, "0d")
    pd.testing.assert_frame_equal(first, second, rtol=1e-12)


@pytest.mark.parametrize("known_after", ["2d"])
def test_deleting_what_was_not_known_before_the_cutoff_changes_nothing(known_after: str) -> None:
    orders, features = random_orders(3), all_features()
    spine, whole = computed(orders, features, known_after)
    for cutoff in CUTOFFS[:2]:
        known = orders[orders["at"] + timedelta(days=Duration.parse(known_after).days) < cutoff]
        _, cut = computed(known, features, known_after)
        at_cutoff = spine["_cutoff"] == cutoff
        pd.testing.assert_frame_equal(whole[at_cutoff], cut[at_cutoff], rtol=1e-12)


def test_permuting_the_future_changes_nothing() -> None:
    orders, features = random_orders(4), all_features()
    spine, whole = computed(orders, features, "0d")
    cutoff = CUTOFFS[1]
    future = orders["at"] >= cutoff
    mixed = orders.copy()
    for column in ("customer", "amount", "shelf"):
        mixed.loc[future, column] = orders.loc[future, column].sample(frac=1, random_state=5).to_numpy()
    _, other = computed(mixed, features, "0d")
    at_cutoff = spine["_cutoff"] <= cutoff
    pd.testing.assert_frame_equal(whole[at_cutoff], other[at_cutoff], rtol=1e-12)


def test_a_late_row_counts_only_once_it_was_known() -> None:
    """An order of 28 February that is reported two days late is unknown on 1 March and known on 31 March."""
    orders = pd.DataFrame(
        {"customer": [1], "at": pd.to_datetime(["2025-02-28"]), "amount": [5.0], "shelf": ["a"]}
    )
    spine, values = computed(orders, all_features(), "2d")
    mine = spine["customer"] == 1
    assert values.loc[mine, "amount_sum_all"].tolist() == [0.0, 5.0, 5.0]


def test_infinite_amounts_are_missing_and_do_not_swallow_a_sum() -> None:
    orders = pd.DataFrame(
        {
            "customer": [1, 1],
            "at": pd.to_datetime(["2025-02-01", "2025-02-02"]),
            "amount": [5.0, np.inf],
            "shelf": ["a", "b"],
        }
    )
    _, values = computed(orders, all_features(), "0d")
    assert values.at[0, "amount_sum_all"] == 5.0
    assert values.at[0, "amount_max_all"] == 5.0
