"""Frozen levels, quantiles of any level and the facts behind a proposal are the same on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from tests.engines.conftest import ENGINES, use_engine
from tests.features.test_oracle import shop
from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations.quantiles import Quantile
from workbench.features.definition import RowsFeature
from workbench.features.facts import TableFacts, table_facts
from workbench.features.levels import Level, per_level
from workbench.features.windows import Window
from workbench.tables.engine import Engine

ORDERS = pd.DataFrame(
    {
        "customer": [1, 1, 1, 1, 1, 2],
        "at": pd.to_datetime(
            [
                "2025-01-31 23:59:59",
                "2025-02-01",
                "2025-02-10",
                "2025-02-11",
                "2025-02-12",
                "2025-02-28 08:00",
            ],
            format="ISO8601",
        ),
        "amount": [1.0, 2.0, 3.0, 5.0, None, 8.0],
        "shelf": ["茶", "O'Brien", "茶", "鱼", None, "茶"],
    }
)
LEVELS = (Level("tea", ("茶",)), Level("irish", ("O'Brien", "O'Neill")))


@pytest.fixture(scope="module", params=ENGINES)
def answers(request: pytest.FixtureRequest) -> tuple[pd.DataFrame, TableFacts]:
    months = (Window.parse("month-1"), Window.parse("all"))
    features = [
        RowsFeature(
            name="shelf",
            source="orders",
            value="shelf",
            aggregate=(*per_level("count", LEVELS, other=True), *per_level("share", LEVELS, other=True)),
            windows=months,
        ),
        RowsFeature(
            name="amount", source="orders", value="amount", aggregate=(Quantile(25),), windows=months
        ),
    ]
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_engine(request.param, request, monkeypatch)
        with Engine(shop("0d")) as engine:
            engine.put_rows("orders", ORDERS)
            store_spine(
                engine,
                pd.DataFrame({"_row": [0, 1], "customer": [1, 3], "_cutoff": [datetime(2025, 3, 1)] * 2}),
            )
            values = feature_values(engine, features, None, 2)
            facts = table_facts(engine, engine.tables.tables["orders"], datetime(2025, 2, 28))
    return values, facts


def test_levels_and_quantiles(answers: tuple[pd.DataFrame, TableFacts]) -> None:
    values, _ = answers
    assert values.loc[0].to_dict() == pytest.approx(
        {
            "shelf_count_tea_month-1": 1,
            "shelf_count_irish_month-1": 1,
            "shelf_count_other_month-1": 1,
            "shelf_share_tea_month-1": 1 / 3,
            "shelf_share_irish_month-1": 1 / 3,
            "shelf_share_other_month-1": 1 / 3,
            "shelf_count_tea_all": 2,
            "shelf_count_irish_all": 1,
            "shelf_count_other_all": 1,
            "shelf_share_tea_all": 0.5,
            "shelf_share_irish_all": 0.25,
            "shelf_share_other_all": 0.25,
            "amount_q25_month-1": 2.5,
            "amount_q25_all": 1.75,
        }
    )
    assert values.loc[1, "shelf_count_tea_all"] == 0
    assert pd.isna(values.loc[1, "shelf_share_tea_all"])


def test_facts_of_what_was_known_on_the_last_of_february(answers: tuple[pd.DataFrame, TableFacts]) -> None:
    _, facts = answers
    assert (facts.rows, facts.entities) == (5, 1)
    assert (facts.first, facts.last) == (pd.Timestamp("2025-01-31 23:59:59"), pd.Timestamp("2025-02-12"))
    assert facts.gap_days == 3
    shelf = next(c for c in facts.columns if c.name == "shelf")
    assert (shelf.role, shelf.distinct, shelf.filled) == ("category", 3, 0.8)
    assert [(x.value, x.share) for x in shelf.levels] == [("茶", 0.5), ("O'Brien", 0.25), ("鱼", 0.25)]
    amount = replace(next(c for c in facts.columns if c.name == "amount"), levels=())
    assert (amount.role, amount.distinct, amount.low) == ("number", 4, 1.0)
