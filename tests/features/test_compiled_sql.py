"""The SQL is for people too: three steps that a modeler can read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd

from workbench.dataset.build import feature_values, store_spine
from workbench.features.aggregations import REGISTRY
from workbench.features.compile import compile_rows
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text

SPEND = RowsFeature(
    name="spend",
    source="orders",
    value="amount",
    where="products.aisle = 'tea'",
    aggregate=(REGISTRY["sum"],),
    windows=(Window.parse("30d"),),
)
ONE_ORDER = pd.DataFrame({"who": [1], "product": [1], "amount": [2.5], "at": pd.to_datetime(["2025-02-10"])})
SQL = """\
WITH framed AS (
  SELECT
    "s".*,
    "s"."_cutoff" - INTERVAL '30' DAY AS "30d before"
  FROM "_spine" AS "s"
), events AS (
  SELECT
    "t"."who" AS "k",
    "t"."_at",
    "t"."_known_at",
    CASE WHEN ISFINITE("t"."amount") THEN CAST("t"."amount" AS DOUBLE) END AS "v1",
    "h_products"."aisle" = 'tea' AS "w2"
  FROM "orders" AS "t"
  LEFT JOIN "products" AS "h_products"
    ON "h_products"."product" = "t"."product"
  WHERE
    "t"."_at" < (
      SELECT
        MAX("_cutoff")
      FROM framed
    )
    AND "t"."_at" >= (
      SELECT
        MIN("30d before")
      FROM framed
    )
), pairs AS (
  SELECT
    "s"."_row",
    "s"."_cutoff" AS "cutoff",
    "e"."v1",
    "e"."w2",
    "e"."_at" AS "at",
    "e"."_at" >= "s"."30d before" AS "window 30d"
  FROM "framed" AS "s"
  JOIN "events" AS "e"
    ON "e"."k" = "s"."who"
    AND "e"."_known_at" < "s"."_cutoff"
    AND "e"."_at" < "s"."_cutoff"
    AND "e"."_at" >= "s"."30d before"
)
SELECT
  "_row",
  SUM("v1") FILTER(WHERE
    "window 30d" AND "w2") AS "spend_sum_30d"
FROM pairs
GROUP BY
  "_row\""""


def shop(**orders_settings: object) -> TableSet:
    tables = {
        "orders": Table("orders", "-", event_time="at", **orders_settings),  # ty: ignore[invalid-argument-type]
        "products": Table("products", "-", key="product"),
    }
    return TableSet("x", Path(), Text.of("x"), "who", tables, observed_until=datetime(2026, 1, 1))


def fill(engine: Engine, orders: pd.DataFrame, *later: datetime) -> None:
    engine.put_rows("products", pd.DataFrame({"product": [1, 2], "aisle": ["tea", "bread"]}))
    engine.put_rows("orders", orders)
    cutoffs = [datetime(2025, 3, 1), *later]
    store_spine(engine, pd.DataFrame({"_row": range(len(cutoffs)), "who": 1, "_cutoff": cutoffs}))


def test_a_query_reads_as_events_pairs_and_aggregates() -> None:
    with Engine(shop()) as engine:
        fill(engine, ONE_ORDER, datetime(2025, 3, 2, 12))
        assert compile_rows(engine, [SPEND]).sql == SQL


def test_where_all_rows_share_their_cutoff_the_query_names_the_moments() -> None:
    with Engine(shop()) as engine:
        fill(engine, ONE_ORDER)
        read, _, joined = compile_rows(engine, [SPEND]).sql.partition("), pairs AS (")
    assert '"t"."_at" >= CAST(\'2025-01-30 00:00:00\' AS TIMESTAMP)' in read
    assert '"e"."_known_at" < CAST(\'2025-03-01 00:00:00\' AS TIMESTAMP)' in joined


def test_a_column_may_say_itself_when_each_row_was_known() -> None:
    """The second order was corrected a week later; the third is said to be known before it happened."""
    orders = pd.DataFrame(
        {
            "who": [1, 1, 1],
            "product": [1, 1, 1],
            "amount": [1.0, 10.0, 100.0],
            "at": pd.to_datetime(["2025-02-25", "2025-02-26", "2025-03-02"]),
            "loaded": pd.to_datetime(["2025-02-26", "2025-03-05", "2025-02-01"]),
        }
    )
    with Engine(shop(known_at="loaded")) as engine:
        fill(engine, orders)
        assert feature_values(engine, [SPEND], None, 1)["spend_sum_30d"].tolist() == [1.0]
