"""Context: rows that belong to this contact's own campaign, by shared keys or by a named link."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.build import feature_values, store_spine
from workbench.errors import DefinitionError
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import RowsFeature
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text

TABLES = {
    "orders": Table("orders", "-", event_time="at", keep_duplicates=True),
    "products": Table("products", "-", key="product"),
    "coupons": Table("coupons", "-", keys=("coupon", "product", "campaign")),
    "gifts": Table("gifts", "-"),
}


def ask(
    features: list[RowsFeature], seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, pd.DataFrame]]:
    rng = np.random.default_rng(seed)
    given = {
        "products": pd.DataFrame(
            {"product": range(6), "aisle": ["tea", "tea", "bread", "bread", "fish", None]}
        ),
        "orders": pd.DataFrame(
            {
                "who": rng.integers(1, 4, 60),
                "product": rng.integers(0, 6, 60),
                "amount": rng.integers(1, 9, 60) * 1.0,
                "at": pd.to_datetime("2025-01-01") + pd.to_timedelta(rng.integers(0, 90, 60), "D"),
            }
        ),
        "gifts": pd.DataFrame({"campaign": [7], "colour": ["red"]}),
        "coupons": pd.DataFrame(
            {"coupon": [1, 2, 3, 4, 5], "product": [0, 0, 2, 4, 5], "campaign": [7, 7, 7, 8, 8]}
        ),
    }
    spine = pd.DataFrame(
        [(w, c, datetime(2025, 3, 1)) for w in (1, 2, 3) for c in (7, 8, 9)],
        columns=["who", "campaign", "_cutoff"],
    )
    spine.insert(0, "_row", range(len(spine)))
    with Engine(
        TableSet("x", Path(), Text.of("x"), "who", TABLES, observed_until=datetime(2026, 1, 1))
    ) as engine:
        for name in ("products", "orders", "coupons", "gifts"):
            engine.put_rows(name, given[name])
        store_spine(engine, spine)
        return spine, feature_values(engine, features, None, len(spine)), given


def rows_via(**settings) -> RowsFeature:
    return RowsFeature(
        source="orders",
        value="amount",
        aggregate=(REGISTRY["sum"],),
        via="coupons",
        match=("campaign",),
        **settings,
    )


def test_an_order_counts_once_however_many_coupons_list_its_product() -> None:
    spine, values, given = ask([rows_via(name="wanted"), rows_via(name="alike", link=("products.aisle",))])
    orders = given["orders"].merge(given["products"], on="product")
    coupons = given["coupons"].merge(given["products"], on="product")
    for row in spine.itertuples():
        mine = orders[(orders["who"] == row.who) & (orders["at"] < "2025-03-01")]
        offered = coupons[coupons["campaign"] == row.campaign]
        assert (
            values.at[row.Index, "wanted_sum_all"]
            == mine.loc[mine["product"].isin(offered["product"]), "amount"].sum()
        )
        aisles = offered["aisle"].dropna()
        assert values.at[row.Index, "alike_sum_all"] == mine.loc[mine["aisle"].isin(aisles), "amount"].sum()


def test_a_table_without_the_entity_describes_the_context() -> None:
    offer = RowsFeature(
        name="offer",
        source="coupons",
        value="product",
        aggregate=(REGISTRY["distinct"],),
        match=("campaign",),
    )
    _, values, _ = ask([offer])
    assert values["offer_distinct_all"].tolist() == [2.0, 2.0, 0.0] * 3


def test_a_match_that_the_rows_do_not_have_is_named() -> None:
    with pytest.raises(DefinitionError, match="WB-F13.*'campain'.*Did you mean 'campaign'"):
        ask(
            [
                RowsFeature(
                    name="w",
                    source="orders",
                    value="amount",
                    aggregate=(REGISTRY["sum"],),
                    via="coupons",
                    match=("campain",),
                )
            ]
        )


def test_tables_without_a_common_key_are_refused() -> None:
    with pytest.raises(DefinitionError, match="WB-F13.*share no key column"):
        ask(
            [
                RowsFeature(
                    name="w",
                    source="orders",
                    value="amount",
                    aggregate=(REGISTRY["sum"],),
                    via="gifts",
                    match=("campaign",),
                )
            ]
        )
