"""A small shop on disk for tests: seven customers, their orders, a look-up of products and two mailings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workbench.config import Home

TABLES = """
entity: customer
observed_until: 2025-07-01
observed_from: 2024-12-01
purpose: marketing
tables:
  orders: {source: orders.parquet, event_time: at, known_after: 1d}
  products: {source: products.parquet, key: product}
  people: {source: people.parquet, sensitive: [age], allowed_for: [marketing]}
  mailings: {source: mailings.parquet, keys: [mailing, customer], event_time: sent}
"""
FEATURES = """
spend:
  from: orders
  value: amount
  where: "products.aisle = 'tea'"
  aggregate: [sum, count]
  windows: [30d, all]
town: {attribute: people.town}
"""
LABELS = """
buys:
  kind: conversion
  cutoffs: {every: 1mo, from: 2025-03-01, to: 2025-06-01}
  eligible: {any_in: orders, within: 90d}
  outcome: {any_in: orders, within: 30d, lag: 1d}
answers:
  kind: response
  row: {each: mailings, key: [mailing, customer], cutoff: sent}
  outcome: {any_in: orders, until: mailings.ends}
"""


def orders() -> pd.DataFrame:
    days = pd.date_range("2025-01-01", "2025-06-30", freq="D")
    rows = [
        (c, d, float(c), "t" if i % 2 else "b")
        for i, d in enumerate(days)
        for c in range(1, 8)
        if (i + c) % (c * 5) == 0
    ]
    return pd.DataFrame(rows, columns=["customer", "at", "amount", "product"])


def shop(
    folder: Path,
    *,
    tables: str = TABLES,
    features: str = FEATURES,
    labels: str = LABELS,
    **frames: pd.DataFrame,
) -> Home:
    """A home with the dataset `shop`; any file or table can be replaced."""
    place = folder / "feature_defs" / "shop"
    place.mkdir(parents=True)
    for name, text in (("tables", tables), ("features", features), ("labels", labels)):
        (place / f"{name}.yaml").write_text(text, encoding="utf-8")
    sent = pd.to_datetime(["2024-12-20", "2025-03-01", "2025-06-20"])
    given = {
        "orders": orders(),
        "products": pd.DataFrame({"product": ["t", "b"], "aisle": ["tea", "bread"]}),
        "people": pd.DataFrame({"customer": range(1, 8), "town": list("abcabca"), "age": range(30, 37)}),
        "mailings": pd.DataFrame(
            {"mailing": [1, 2, 3], "customer": [1, 1, 2], "sent": sent, "ends": sent + pd.Timedelta(14, "D")}
        ),
    } | frames
    for name, frame in given.items():
        frame.to_parquet(place / f"{name}.parquet")
    return Home(folder)
