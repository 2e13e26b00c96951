"""A schema brings any rows into the shape of training; the training rows themselves it leaves as they are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.dataset.flat import flat_scoring_frame, flat_training_frame
from workbench.dataset.frame import TrainingFrame
from workbench.dataset.schema import Column, ColumnSchema, conform, schema_of
from workbench.errors import DataError
from workbench.tables.read import read_raw

N = 80
CELLS = {
    "whole": st.integers(-999, 999).map(str),
    "real": st.floats(-1e6, 1e6, allow_nan=False).map(repr),
    "grouped": st.integers(0, 10**9).map(lambda n: f"{n:,}"),
    "percent": st.integers(-100, 100).map(lambda n: f"{n}%"),
    "word": st.sampled_from(["a", "B", "北京", "x y", "o'k", '"q"', "1"]),
    "code": st.sampled_from(["01", "2", "30"]),
    "day": st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2050-01-01").date()).map(str),
    "german day": st.dates(pd.Timestamp("1950-01-01").date(), pd.Timestamp("2050-01-01").date()).map(
        lambda d: d.strftime("%d.%m.%Y")
    ),
    "truth": st.sampled_from(["true", "False"]),
}
BLANK = st.sampled_from(["", "NA", " "])


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    columns = {}
    for place, kind in enumerate(kinds):
        # a few different cells in random order: quick to draw, and columns repeat values as real ones do
        cells = draw(
            st.lists(st.one_of(CELLS[kind], CELLS[kind], CELLS[kind], BLANK), min_size=3, max_size=12)
        )
        order = np.random.default_rng(draw(st.integers(0, 99))).integers(0, len(cells), N)
        columns[f"{kind} {place}"] = [cells[i] for i in order]
    columns["anchor"] = [str(i % 7) for i in range(N)]
    columns["y"] = ["0", "1"] * (N // 2)
    return pd.DataFrame(columns)


@settings(max_examples=60, deadline=None)
@given(tables())
def test_training_rows_conform_to_themselves(table: pd.DataFrame) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        table.to_csv(path, index=False)
        frame = flat_training_frame(path, label="y", name="m")
        features = frame.rows[list(frame.features)]
        pd.testing.assert_frame_equal(flat_scoring_frame(path, frame.schema).features, features)
        # as read, as typed in the frame, and with columns in another order
        pd.testing.assert_frame_equal(conform(read_raw(path).frame, frame.schema), features)
        pd.testing.assert_frame_equal(conform(frame.rows, frame.schema), features)
        pd.testing.assert_frame_equal(conform(frame.rows[frame.rows.columns[::-1]], frame.schema), features)


@settings(max_examples=30, deadline=None)
@given(tables(), st.integers(1, N))
def test_rows_are_read_alike_alone_and_together(table: pd.DataFrame, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, part = Path(folder) / "t.csv", Path(folder) / "part.csv"
        table.to_csv(path, index=False)
        table.head(size).drop(columns="y").to_csv(part, index=False)
        frame = flat_training_frame(path, label="y", name="m")
        scored = flat_scoring_frame(part, frame.schema).features
        pd.testing.assert_frame_equal(scored, frame.rows[list(frame.features)].head(size))


def relational() -> TrainingFrame:
    rows = pd.DataFrame(
        {
            "household": ["1", "2", "3"],
            "spend": [1.0, np.nan, 3.0],
            "favourite": pd.Series(["NA", "", None], dtype="str"),
            "tier": pd.Categorical(["gold", "silver", None]),
            "first": pd.to_datetime(["2017-01-01", None, "2017-03-01"]).astype("datetime64[us]"),
            "label": np.array([0, 1, 0], dtype=np.int8),
        }
    )
    return TrainingFrame(
        "shop/buys", "response", rows, ("spend", "favourite", "tier", "first"), ("household",), "household"
    )


def test_a_relational_frame_has_a_schema_too() -> None:
    schema = schema_of(relational())
    assert schema == ColumnSchema(
        (
            Column("spend", "number"),
            Column("favourite", "category", "verbatim"),
            Column("tier", "category", "verbatim"),
            Column("first", "date"),
        ),
        ("household",),
    )


def test_text_that_the_workbench_made_is_not_read_again() -> None:
    """In a relational frame "NA" and "" are levels like any other, in training and in scoring."""
    frame = relational()
    made = conform(frame.rows, schema_of(frame))
    assert made["favourite"].tolist()[:2] == ["NA", ""]
    assert made["favourite"].isna().tolist() == [False, False, True]
    assert made["tier"].astype("str").tolist()[:2] == ["gold", "silver"]
    pd.testing.assert_frame_equal(made[["spend", "first"]], frame.rows[["spend", "first"]])


def test_an_empty_table_conforms_to_an_empty_one() -> None:
    frame = relational()
    made = conform(frame.rows.head(0), schema_of(frame))
    assert made.shape == (0, 4)
    assert made.dtypes.astype(str).tolist() == ["float64", "str", "str", "datetime64[us]"]


def test_several_changed_columns_are_named_together() -> None:
    schema = ColumnSchema((Column("a", "number"), Column("b", "number"), Column("c", "category")))
    with pytest.raises(DataError, match="The same holds for 'b'") as caught:
        conform(pd.DataFrame({"a": ["x"], "b": ["y"], "c": [1]}), schema)
    assert caught.value.code == "WB-P02"
