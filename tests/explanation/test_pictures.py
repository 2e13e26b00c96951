"""shap's pictures: real PNGs, the same each time, whatever the names and values."""

from __future__ import annotations

import struct

import numpy as np
import pandas as pd

from workbench.explanation import bar_png, beeswarm_png, waterfall_png
from workbench.text import Text


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def awkward() -> tuple[pd.DataFrame, pd.DataFrame]:
    draw = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "price in $ and $": draw.normal(size=80),
            "城市": draw.choice(["北京", "上海"], 80),
            "line\nbreak 😀": draw.normal(size=80),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 99, 80), "D"),
            "nothing": np.nan,
            "𐎠𐎡": 1.0,
        }
    )
    contributions = pd.DataFrame(draw.normal(size=(80, 6)), columns=X.columns)
    contributions["𐎠𐎡"] = 0.0
    contributions["(base)"] = -1.0
    return X, contributions


def customer() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "feature": ["a", "b", "城市"],
            "sentence": [
                "days since the last order of any product in any of the shops of the chain",
                "$",
                "城市",
            ],
            "value": ["12", "$5", "北京"],
            "contribution": [0.9, -0.4, 0.0],
            "direction": ["up", "down", "none"],
        }
    )
    table.attrs |= {"base": -1.0, "log_odds": -0.5}
    return table


def test_pictures_survive_any_name() -> None:
    X, contributions = awkward()
    sentences = {"城市": Text("city", "城市")}
    for language in ("en", "zh"):
        assert min(size(beeswarm_png(contributions, X, sentences, language=language))) > 200
    assert min(size(bar_png(contributions, sentences))) > 200
    assert min(size(waterfall_png(customer()))) > 200


def test_the_same_values_give_the_same_bytes_and_leave_the_global_generator_alone() -> None:
    X, contributions = awkward()
    np.random.seed(3)
    before = np.random.get_state()[1].tolist()  # ty: ignore[not-subscriptable]
    first = beeswarm_png(contributions, X, {})
    assert np.random.get_state()[1].tolist() == before  # ty: ignore[not-subscriptable]
    assert beeswarm_png(contributions, X, {}) == first


def test_a_customer_at_the_reference_has_a_picture_too() -> None:
    flat = customer().assign(contribution=0.0)
    flat.attrs |= {"base": -1.0, "log_odds": -1.0}
    assert min(size(waterfall_png(flat))) > 100
