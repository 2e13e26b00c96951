"""The encoder freezes a table's columns at training."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from workbench.errors import DataError
from workbench.search.encoder import MISSING, OTHER, Encoder


def column(values, *, then=None) -> list[float]:
    encoder = Encoder.fit(pd.DataFrame({"x": values}))
    scored = pd.DataFrame({"x": values if then is None else then})
    return encoder.transform(scored).values[:, 0].tolist()


def test_unseen_rare_and_missing_levels_have_their_own_fate() -> None:
    train = ["a"] * 5 + ["b"] * 4 + ["rare"]
    assert column(train, then=["a", "b", "rare", "never seen", None]) == [2, 3, OTHER, OTHER, MISSING]


def test_infinite_values_are_read_as_the_largest_finite_one() -> None:
    assert column([1.0, 5.0, np.inf, -np.inf]) == [1, 5, 5, 1]


def test_booleans_dates_and_nullable_numbers_become_numbers() -> None:
    assert column([True, False]) == [1, 0]
    assert column(pd.to_datetime(["1970-01-02 00:00", "1970-01-01 12:00"])) == [1.0, 0.5]
    got = column(pd.array([1, None], dtype="Int64"))
    assert got[0] == 1 and np.isnan(got[1])


def test_text_levels_are_the_same_whether_text_or_categorical() -> None:
    text = ["x"] * 4 + ["y"] * 3
    assert column(text) == column(pd.Categorical(text)) == column(pd.Series(text, dtype=object))


def test_constant_columns_are_not_active() -> None:
    X = pd.DataFrame(
        {
            "same": [1, 1, 1],
            "none": [np.nan] * 3,
            "level": ["a"] * 3,
            "varies": [1, 2, 3],
            "gap": [1, None, 1],
        }
    )
    assert [X.columns[j] for j in Encoder.fit(X).active] == ["varies", "gap"]


def test_columns_are_found_by_name_in_any_order(table) -> None:
    X, _ = table
    encoder = Encoder.fit(X)
    shuffled = X[list(reversed(X.columns))].assign(extra=1)
    assert np.array_equal(encoder.transform(X).values, encoder.transform(shuffled).values, equal_nan=True)


def test_an_absent_column_is_named() -> None:
    encoder = Encoder.fit(pd.DataFrame({"a": [1, 2], "b": [1, 2]}))
    with pytest.raises(DataError, match=r"WB-S02: The table lacks 1 of the model's 2 columns: b\."):
        encoder.transform(pd.DataFrame({"a": [1]}))


def test_text_in_a_number_column_is_refused_by_name() -> None:
    encoder = Encoder.fit(pd.DataFrame({"income": [1.0, 2.0]}))
    with pytest.raises(DataError, match="WB-S03: Column 'income' holds numbers"):
        encoder.transform(pd.DataFrame({"income": ["many"]}))
    assert encoder.transform(pd.DataFrame({"income": ["3.5"]})).values[0, 0] == 3.5


def test_round_trip_through_json(table) -> None:
    X, _ = table
    encoder = Encoder.fit(X)
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder


def test_a_column_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(DataError, match="WB-S09: Column name 'a' stands more than once"):
        Encoder.fit(pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]))
