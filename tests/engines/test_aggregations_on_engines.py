"""One definition, three engines, equal numbers: each aggregation on each engine against the slow per-row reading."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from tests.engines.conftest import ENGINES, use_engine
from tests.features.oracle import expected
from tests.features.test_oracle import CUTOFFS, all_features, computed, disagreements, random_orders, same
from workbench.features.aggregations import REGISTRY
from workbench.tables.durations import Duration

KNOWN_AFTER = "36h"
Answers = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]


@pytest.fixture(scope="module", params=ENGINES)
def answers(request: pytest.FixtureRequest) -> Answers:
    """Orders, frame rows and all columns, computed once per engine."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_engine(request.param, request, monkeypatch)
        orders = random_orders(7)
        spine, values = computed(orders, all_features(), KNOWN_AFTER)
    return orders, spine, values


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_an_aggregation_gives_the_same_number_on_every_engine(name: str, answers: Answers) -> None:
    orders, spine, values = answers
    delay = timedelta(hours=Duration.parse(KNOWN_AFTER).days * 24)
    checked, wrong = 0, []
    for feature in all_features():
        mine = tuple(a for a in feature.aggregate if a.name == name)
        if not mine:
            continue
        only = type(feature)(
            name=feature.name, source="orders", value=feature.value, aggregate=mine, windows=feature.windows,
            half_life=feature.half_life,
        )  # fmt: skip
        for row in spine.itertuples():
            cutoff = spine.at[row.Index, "_cutoff"].to_pydatetime()
            for column, wanted in expected(only, orders, only.value, row.customer, cutoff, delay).items():
                checked += 1
                if not same(values.at[row.Index, column], wanted):
                    wrong.append((row.customer, cutoff, column, values.at[row.Index, column], wanted))
    assert checked > 0
    assert not wrong, wrong[:5]


def test_with_one_cutoff_for_all_rows_every_engine_agrees(engine_kind: str) -> None:
    assert not disagreements(8, KNOWN_AFTER, CUTOFFS[:1])
