from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

Table = tuple[pd.DataFrame, np.ndarray]


def awkward_table(rows: int = 4000, seed: int = 0) -> Table:
    """Names and levels with quotes, Chinese, line breaks, emoji and formulas; codes, dates, gaps, dead columns."""
    draw = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            'spend "net"; drop': draw.normal(size=rows),
            "城市": draw.choice(["北京", "O'Brien", "=1+1", "line\nbreak", "😀", "a*"], rows),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 900 * 24, rows), "h"),
            "code": np.where(draw.random(rows) < 0.15, -999, draw.gamma(2, 3, rows)),
            "constant": 1.0,
            "nothing": np.nan,
        }
    )
    X.loc[: rows // 20, 'spend "net"; drop'] = np.nan
    X.loc[rows // 10 : rows // 8, "城市"] = None
    X.loc[rows // 5 : rows // 4, "since"] = pd.NaT
    log_odds = (
        X.iloc[:, 0].fillna(1.0)
        + 1.5 * (X["城市"] == "北京").astype(float)
        - 1.0 * (X["城市"] == "😀").astype(float)
        + 0.8 * (X["since"] > "2021-01-01").astype(float)
        + 1.2 * (X["code"] < 0)
        - 2.0
    )
    y = (draw.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return X, y.to_numpy()


@pytest.fixture(scope="session")
def awkward() -> Table:
    return awkward_table()
