"""Events added up once between the edges of all windows give what the slow per-row reading gives."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.features.oracle import expected
from tests.features.test_oracle import all_features, same
from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations import REGISTRY
from workbench.features.compile import compile_rows
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.durations import Duration
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text


@pytest.mark.parametrize(("seed", "known_after"), [(10, "0d"), (11, "3d"), (12, "own column")])
def test_sums_over_shared_spans_agree_with_the_slow_reading(seed: int, known_after: str) -> None:
    wrong = disagreements(seed, known_after)
    assert not wrong, wrong[:5]


def test_a_frame_with_one_cutoff_each_or_with_cutoffs_by_the_hour_reads_events_as_they_are() -> None:
    table = Table("orders", "-", event_time="at", keep_duplicates=True)
    shop = TableSet(
        "shop", Path(), Text.of("s"), "customer", {"orders": table}, observed_until=datetime(2026, 1, 1)
    )
    days = pd.date_range("2025-01-01", "2025-06-30", freq="6h")
    orders = pd.DataFrame({"customer": 1, "at": days, "amount": 1.0, "shelf": "a"})
    for cutoffs in (["2025-03-01"], ["2025-03-01 12:00", "2025-04-01 00:00", "2025-05-01 00:00"]):
        spine = pd.DataFrame({"_row": range(len(cutoffs)), "customer": 1, "_cutoff": pd.to_datetime(cutoffs)})
        with Engine(shop) as engine:
            engine.put_rows("orders", orders)
            store_spine(engine, spine)
            assert "spans AS" not in compile_rows(engine, all_features()).sql


def disagreements(seed: int, known_after: str) -> list[tuple]:
    """Where compiled features over monthly cutoffs at midnight differ from the slow reading."""
    cutoffs = [datetime(2025, month, 1) for month in range(1, 7)]
    rng = np.random.default_rng(seed)
    edges = [c - timedelta(days=int(d)) for c in cutoffs for d in (0, 1, 2, 7, 30, 31, 40)]
    moments = [e + timedelta(seconds=int(s)) for e in edges for s in (-1, 0, 0, 1)]
    size = 900
    orders = pd.DataFrame(
        {
            "customer": rng.integers(1, 5, size),
            "at": pd.to_datetime([moments[i] for i in rng.integers(0, len(moments), size)]),
            "amount": np.where(rng.random(size) < 0.1, np.nan, rng.integers(-3, 6, size) / 2),
            "shelf": rng.choice(["a", "b", "c"], size),
        }
    )
    settings: dict[str, Any] = {"known_after": Duration.parse("0d" if "own" in known_after else known_after)}
    if known_after == "own column":
        orders["loaded"] = orders["at"] + pd.to_timedelta(rng.integers(-1, 40, size), "D")
        settings["known_at"] = "loaded"
    table = Table("orders", "-", event_time="at", keep_duplicates=True, **settings)
    shop = TableSet(
        "shop", Path(), Text.of("s"), "customer", {"orders": table}, observed_until=datetime(2026, 1, 1)
    )
    features = all_features()
    spine = pd.DataFrame([(c, t) for c in range(1, 6) for t in cutoffs], columns=["customer", "_cutoff"])
    spine.insert(0, "_row", range(len(spine)))
    with Engine(shop, threads=2) as engine:
        engine.put_rows("orders", orders)
        store_spine(engine, spine)
        assert "spans AS" in compile_rows(engine, features).sql
        values = feature_values(engine, features, None, len(spine))
    wrong = []
    for row in spine.itertuples():
        cutoff = spine.at[row.Index, "_cutoff"].to_pydatetime()
        known, delay = orders, timedelta(0)
        if "loaded" in orders:
            known = orders[orders["loaded"] < cutoff]
        else:
            delay = timedelta(days=Duration.parse(known_after).days)
        for feature in features:
            for name, value in expected(feature, known, feature.value, row.customer, cutoff, delay).items():
                if not same(values.at[row.Index, name], value):
                    wrong.append((row.customer, cutoff, name, values.at[row.Index, name], value))
    return wrong


def test_events_of_entities_that_were_not_asked_for_are_left_out_first() -> None:
    cutoffs = pd.date_range("2025-02-01", "2025-07-01", freq="MS")
    orders = pd.DataFrame(
        {
            "customer": np.repeat(range(40), 200),
            "at": np.tile(pd.date_range("2025-01-01", periods=200), 40),
            "amount": np.repeat(range(40), 200) + 0.5,
            "shelf": "a",
        }
    )
    table = Table("orders", "-", event_time="at", keep_duplicates=True)
    shop = TableSet(
        "shop", Path(), Text.of("s"), "customer", {"orders": table}, observed_until=datetime(2026, 1, 1)
    )
    total = RowsFeature(
        name="paid",
        source="orders",
        value="amount",
        aggregate=(REGISTRY["sum"],),
        windows=(Window.parse("10d"),),
    )
    for customers, left_out in ((3, True), (40, False)):
        spine = pd.DataFrame(
            [(c, t) for c in range(customers) for t in cutoffs], columns=["customer", "_cutoff"]
        )
        spine.insert(0, "_row", range(len(spine)))
        with Engine(shop) as engine:
            engine.put_rows("orders", orders)
            store_spine(engine, spine)
            read = compile_rows(engine, [total]).sql.partition("spans AS")[2].partition("placed AS")[0]
            assert ('FROM "_spine"' in read) is left_out
            values = feature_values(engine, [total], None, len(spine))
        assert (values["paid_sum_10d"] == 10 * (spine["customer"] + 0.5)).all()
