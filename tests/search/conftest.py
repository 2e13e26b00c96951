"""A small table with everything that real ones bring."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

Table = tuple[pd.DataFrame, np.ndarray]


def mixed_table(n: int = 600, seed: int = 0) -> Table:
    """Numbers with gaps and infinities, categories of few and of many levels, dates, booleans, a constant."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "income": np.exp(rng.normal(8, 1, n)),
            "ratio": rng.normal(size=n),
            "city": rng.choice(["Oslo", "Rome", "北京"], n, p=[0.5, 0.3, 0.2]),
            "branch": rng.choice([f"b{i:03d}" for i in range(90)], n),
            "opened": pd.Timestamp("2019-05-01") + pd.to_timedelta(rng.integers(0, 1500, n), unit="D"),
            "vip": rng.random(n) < 0.2,
            "constant": 7,
            "empty": np.full(n, np.nan),
        }
    )
    branch_effect = X["branch"].str[1:].astype(int).to_numpy() % 5 / 2.5
    z = 0.8 * np.log(X["income"]) - 7.2 + X["ratio"] + (X["city"] == "Rome") + branch_effect + X["vip"]
    y = (rng.random(n) < 1 / (1 + np.exp(-z.to_numpy()))).astype(np.int64)
    X.loc[::11, "income"] = np.nan
    X.loc[::13, "city"] = None
    X.loc[5, "ratio"], X.loc[9, "ratio"] = np.inf, -np.inf
    return X, y


@pytest.fixture(scope="session")
def table() -> Table:
    return mixed_table()
