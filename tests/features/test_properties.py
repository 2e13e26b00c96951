"""Whatever the history, the compiled SQL gives what a slow reading of each single row gives.

Histories are drawn full of ties: most events lie exactly on an edge of a window, at a cutoff, or one microsecond beside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.features.oracle import answer, edges, history, moved
from tests.features.test_oracle import same
from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.durations import Duration
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text

Row = dict[str, Any]
Condition = tuple[str | None, Callable[[Row], bool | None]]

WINDOWS = ("all", "30d", "1mo", "7d..40d", "1mo..2mo", "12h", "1y", "2w", "30d..60d", "1mo..60d")
# the last of months of different lengths, a leap day, noon, and the days on which Berlin's and New York's clocks change
CUTOFFS = (
    datetime(2025, 1, 31), datetime(2025, 3, 31), datetime(2025, 3, 1), datetime(2024, 2, 29), datetime(2025, 5, 31, 12),
    datetime(2025, 3, 30), datetime(2025, 3, 30, 2, 30), datetime(2025, 10, 26), datetime(2025, 11, 2, 1, 30),
)  # fmt: skip
AISLES = {"t": "tea", "b": "bread", "n": None}
DELAYS = ("0d", "36h", "1mo", "2w")
HALF_LIFE = Duration(10)


def greater(left: float | None, right: float) -> bool | None:
    return None if left is None else left > right


def both(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def either(*parts: bool | None) -> bool | None:
    return True if True in parts else None if None in parts else False


def is_tea(row: Row) -> bool | None:
    aisle = AISLES.get(row["product"])
    return None if aisle is None else aisle == "tea"


CONDITIONS: tuple[Condition, ...] = (
    (None, lambda row: True),
    ("amount > 0.5", lambda row: greater(row["amount"], 0.5)),
    ("products.aisle = 'tea'", is_tea),
    ("not products.aisle = 'tea'", lambda row: None if is_tea(row) is None else not is_tea(row)),
    (
        "products.aisle = 'tea' and amount > 0.5 or shelf is null",
        lambda row: either(both(is_tea(row), greater(row["amount"], 0.5)), row["shelf"] is None),
    ),
    ("hour(at) >= 12", lambda row: row["at"].hour >= 12),
    ("coalesce(products.aisle, 'none') in ('none', 'bread')", lambda row: is_tea(row) is not True),
)


@dataclass(frozen=True)
class Case:
    """Everything that one example needs; printed by hypothesis when it fails."""

    rows: list[Row]
    cutoffs: list[datetime]
    windows: list[str]
    delay: str | None  # None: the rows say themselves when they were known
    condition: Condition


@st.composite
def cases(draw: st.DrawFn) -> Case:
    cutoffs = draw(st.lists(st.sampled_from(CUTOFFS), min_size=2, max_size=3, unique=True))
    windows = draw(st.lists(st.sampled_from(WINDOWS), min_size=2, max_size=4, unique=True))
    delay = draw(st.sampled_from((*DELAYS, None)))
    marks = set(cutoffs)
    for cutoff in cutoffs:
        marks |= {moment for w in windows for moment in edges(w, cutoff) if moment > datetime(1970, 1, 1)}
        marks |= {moved(cutoff, d, -1) for d in DELAYS}
        marks |= {cutoff - timedelta(days=d) for d in (1, 6, 7, 14, 21)}  # weeks of a streak
    aside = st.sampled_from([0, 0, 0, -1, 1, -1_000_000, 3_600_000_000])
    moments = st.builds(
        lambda mark, by: mark + timedelta(microseconds=by), st.sampled_from(sorted(marks)), aside
    )
    row = st.fixed_dictionaries(
        {
            "customer": st.sampled_from([1, 1, 2, 2, 3, None]),
            "at": st.one_of(*[moments] * 9, st.none()),
            "said": st.one_of(*[moments] * 9, st.none()),
            "amount": st.sampled_from(
                [-1.5, 0.0, 0.5, 1.0, 1.0, 2.5, 1e6, None, float("inf"), float("-inf")]
            ),
            "shelf": st.sampled_from(["a", "b", "B", "", "ä", "茶", None]),
            "product": st.sampled_from(["t", "t", "b", "n", "unknown", None]),
        }
    )
    rows = draw(st.lists(row, min_size=24, max_size=60))
    for one in rows:
        if one["at"] is None:
            one["known"] = None
        else:
            one["known"] = one["said"] if delay is None else moved(one["at"], delay, 1)
    return Case(rows, cutoffs, windows, delay, draw(st.sampled_from(CONDITIONS)))


def features(case: Case) -> list[RowsFeature]:
    every = tuple(REGISTRY.values())
    windows = tuple(Window.parse(w) for w in case.windows)
    where = case.condition[0]
    return [
        RowsFeature(
            name="amount", source="orders", value="amount", aggregate=every, windows=windows, where=where,
            half_life=HALF_LIFE,
        ),
        RowsFeature(
            name="shelf", source="orders", value="shelf", where=where, windows=windows,
            aggregate=tuple(a for a in every if a.needs != "number"),
        ),
        RowsFeature(
            name="orders", source="orders", where=where, windows=windows,
            aggregate=tuple(a for a in every if a.needs == "nothing"),
        ),
    ]  # fmt: skip


def shop(case: Case) -> TableSet:
    known_after = Duration.parse(case.delay or "0d")
    orders = Table(
        "orders", "-", event_time="at", known_after=known_after, known_at=None if case.delay else "said",
        keep_duplicates=True,
    )  # fmt: skip
    products = Table("products", "-", key="product")
    return TableSet("shop", Path(), Text.of("shop"), "customer", {"orders": orders, "products": products})


def given_rows(case: Case) -> pd.DataFrame:
    rows = pd.DataFrame(case.rows)
    return pd.DataFrame(
        {
            "customer": pd.array(rows["customer"], dtype="Int64"),
            "at": pd.to_datetime(rows["at"]).astype("datetime64[us]"),
            "said": pd.to_datetime(rows["said"]).astype("datetime64[us]"),
            "amount": rows["amount"].astype("float64"),
            "shelf": rows["shelf"].astype("str"),
            "product": rows["product"].astype("str"),
        }
    )


def computed(case: Case, orders: pd.DataFrame | None = None) -> pd.DataFrame:
    spine = pd.DataFrame(
        [(customer, c) for customer in (1, 2, 3, 4) for c in case.cutoffs], columns=["customer", "_cutoff"]
    )
    spine["_cutoff"] = spine["_cutoff"].astype("datetime64[us]")
    spine.insert(0, "_row", range(len(spine)))
    with Engine(shop(case), threads=1) as engine:
        engine.put_rows("products", pd.DataFrame({"product": list(AISLES), "aisle": list(AISLES.values())}))
        engine.put_rows("orders", given_rows(case) if orders is None else orders)
        store_spine(engine, spine)
        return feature_values(engine, features(case), None, len(spine)).assign(
            customer=spine["customer"], cutoff=spine["_cutoff"]
        )


def few(examples: int) -> settings:
    """Always the same examples, so that a build does not fail by chance; `slow` draws many more."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # shrinking takes minutes, and the columns that are wrong say enough
    )


def agrees(case: Case) -> None:
    values = computed(case)
    wrong = []
    for row in values.to_dict("records"):
        cutoff = row["cutoff"].to_pydatetime()
        for feature in features(case):
            for window in case.windows:
                seen = history(case.rows, row["customer"], cutoff, window, feature.value, case.condition[1])
                for aggregate in feature.aggregate:
                    wanted = answer(aggregate.name, seen, cutoff, edges(window, cutoff)[1], HALF_LIFE)
                    got = row[f"{feature.name}_{aggregate.name}_{window}"]
                    if not same(got, wanted):
                        wrong.append(
                            (row["customer"], cutoff, feature.name, aggregate.name, window, got, wanted)
                        )
    assert not wrong, wrong[:5]


@given(cases())
@few(10)
def test_every_column_is_what_a_reading_row_by_row_gives(case: Case) -> None:
    agrees(case)


@pytest.mark.slow
@given(cases())
@few(200)
def test_every_column_is_what_a_reading_row_by_row_gives_on_many_histories(case: Case) -> None:
    agrees(case)


@given(cases(), st.randoms(use_true_random=False))
@few(3)
def test_what_happens_or_is_learnt_from_the_cutoff_on_changes_nothing(case: Case, random: Any) -> None:
    """The rows unknown at a cutoff get other customers, values and later times; the features as of it stay."""
    whole, orders = computed(case), given_rows(case)
    for cutoff in case.cutoffs:
        known = pd.to_datetime(pd.Series([row["known"] for row in case.rows])).astype("datetime64[us]")
        future = ~((known < cutoff) & (orders["at"] < cutoff))
        other = orders.copy()
        for name in ("customer", "amount", "shelf", "product"):
            dealt = orders.loc[future, name].tolist()
            random.shuffle(dealt)
            other.loc[future, name] = pd.array(dealt, dtype=orders[name].dtype)
        other.loc[future, ["at", "said"]] += timedelta(days=random.randint(0, 90))
        mine = whole["cutoff"] == cutoff
        pd.testing.assert_frame_equal(whole[mine], computed(case, other)[mine], rtol=1e-9)


@given(cases(), st.randoms(use_true_random=False))
@few(3)
def test_the_order_of_the_rows_changes_nothing(case: Case, random: Any) -> None:
    places = list(range(len(case.rows)))
    random.shuffle(places)
    mixed = given_rows(case).iloc[places].reset_index(drop=True)
    pd.testing.assert_frame_equal(computed(case), computed(case, mixed), rtol=1e-9)


def test_every_aggregation_has_a_slow_reading() -> None:
    """A new aggregation is compared with `answer`, or this fails: nothing enters the registry unwitnessed."""
    cutoff = datetime(2025, 3, 1)
    events = [(cutoff - timedelta(days=d, hours=d), float(d)) for d in (9, 5, 2, 1)]
    without = []
    for name in REGISTRY:
        try:
            answer(name, events, cutoff, cutoff, HALF_LIFE)
        except KeyError:
            without.append(name)
    assert without == []
