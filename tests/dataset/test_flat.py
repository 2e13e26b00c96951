"""One file with one binary label column becomes a training frame, and the next file is scored alike."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.dataset.flat import flat_scoring_frame, flat_training_frame
from workbench.dataset.schema import ColumnSchema, FlatFrame, conform, schema_of
from workbench.errors import DataError

N = 200


def trained(folder: Path, columns: dict[str, Any], **options: Any) -> FlatFrame:
    path = folder / "t.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return flat_training_frame(path, **{"label": "y", "name": "m"} | options)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def two(first: Any, second: Any, *, events: int = 50) -> list[Any]:
    return [second] * events + [first] * (N - events)


@pytest.mark.parametrize(
    ("label", "event", "events"),
    [
        (two(0, 1), "1", 50),
        (two(0, 1, events=150), "1", 150),
        (two(-1, 1, events=150), "1", 150),
        (two("no", "yes", events=150), "yes", 150),
        (two("N", "Y", events=150), "Y", 150),
        (two("否", "是", events=150), "是", 150),
        (two(False, True, events=150), "True", 150),
        (two("good", "bad", events=150), "bad", 150),
        (two("Good", "Bad", events=50), "Bad", 50),
        (two(1, 2, events=50), "2", 50),
        (two(1, 2, events=150), "1", 50),
        (two("stayed", "left"), "left", 50),
        (two(0.0, 1.0), "1", 50),
    ],
)
def test_the_event_is_self_evident_or_the_rarer_value(
    tmp_path: Path, label: list[Any], event: str, events: int
) -> None:
    frame = trained(tmp_path, {"x": rng().normal(size=N), "y": label})
    assert (frame.event_class, int(frame.rows["label"].sum())) == (event, events)
    assert f"'{event}'" in frame.notes[0]
    assert frame.rows["label"].dtype == np.int8


@pytest.mark.parametrize(
    ("label", "positive", "event"),
    [(two("stayed", "left"), "stayed", "stayed"), (two(1, 2), "1.0", "1"), (two("no", "yes"), "NO", "no")],
)
def test_positive_turns_the_event_round(tmp_path: Path, label: list[Any], positive: str, event: str) -> None:
    frame = trained(tmp_path, {"x": rng().normal(size=N), "y": label}, positive=positive)
    assert frame.event_class == event
    assert frame.rows["label"].sum() == 150
    assert frame.notes[0] == f"The event is '{event}' in column 'y', as asked."


def test_the_rarer_value_is_said_aloud(tmp_path: Path) -> None:
    frame = trained(tmp_path, {"x": rng().normal(size=N), "y": two(1, 2)})
    assert frame.notes[0] == (
        "The event is taken to be '2' in column 'y', the rarer value (25.0% of rows); name the other one as the positive "
        "value to turn this round."
    )


def test_spellings_that_differ_in_capitals_are_one_value(tmp_path: Path) -> None:
    label = ["Yes"] * 60 + ["yes"] * 40 + ["No"] * 99 + ["NO"]
    frame = trained(tmp_path, {"x": rng().normal(size=N), "y": label})
    assert (frame.event_class, int(frame.rows["label"].sum())) == ("Yes", 100)
    assert (
        frame.notes[1]
        == "Label values that differ in capitals only were taken as one: 'No', 'NO'; 'Yes', 'yes'."
    )


def test_numbers_that_may_name_customers_are_pointed_out(tmp_path: Path) -> None:
    numbers = rng().choice(10**6, N, replace=False)
    frame = trained(tmp_path, {"no": numbers, "x": rng().normal(size=N), "y": two(0, 1)})
    assert frame.features == ("no", "x")
    assert (
        "Every row has its own whole number in 'no'; what names a customer should be the id column."
        in frame.notes
    )


def test_keys_with_gaps_are_spelled_without_a_decimal_point(tmp_path: Path) -> None:
    ids = pd.array([*range(100, 99 + N), None], dtype="Int64")
    pd.DataFrame({"no": ids, "x": rng().normal(size=N), "y": two(0, 1)}).to_parquet(tmp_path / "t.parquet")
    frame = flat_training_frame(tmp_path / "t.parquet", label="y", name="m", id_column="no")
    keys, _ = flat_scoring_frame(tmp_path / "t.parquet", frame.schema)
    assert keys["no"].tolist()[:2] == ["100", "101"]
    assert keys["no"].isna().sum() == 1


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    label = ["1"] * 60 + ["0"] * 130 + ["", "NA", "  "] + [None] * 7
    frame = trained(tmp_path, {"x": rng().normal(size=N), "y": label})
    assert (len(frame.rows), frame.counts) == (190, {"missing_label": 10})
    assert "10 rows without a label were left out." in frame.notes


def test_columns_that_cannot_teach_are_set_aside_and_not_asked_for(tmp_path: Path) -> None:
    frame = trained(
        tmp_path,
        {
            "row": range(1, N + 1),
            "shuffled": rng().permutation(N),
            "constant": 5,
            "level": "same",
            "empty": None,
            "endless": np.inf,
            "email": [f"u{i}@bank.test" for i in range(N)],
            "sparse": ["called", *[None] * (N - 1)],
            "x": rng().normal(size=N),
            "y": two(0, 1),
        },
    )
    assert frame.features == ("sparse", "x")
    assert frame.notes[1:] == (
        "Set aside, since it only numbers the rows: 'row', 'shuffled'.",
        "Set aside, since all rows have the same value: 'constant', 'level'.",
        "Set aside, since no row has a value: 'empty', 'endless'.",
        "Set aside, since nearly every row has its own text (an id or free text; name an id with the id column): 'email'.",
    )
    other = tmp_path / "s.csv"
    other.write_text("x,sparse\n1.5,\n2.5,mailed\n")
    keys, features = flat_scoring_frame(other, frame.schema)
    assert keys.to_dict("list") == {"row": [1, 2]}
    assert list(features.columns) == ["sparse", "x"]
    assert features["x"].tolist() == [1.5, 2.5]
    assert features["sparse"].isna().tolist() == [True, False]


def test_infinite_numbers_are_missing_and_counted(tmp_path: Path) -> None:
    x = rng().normal(size=N)
    x[:3] = [np.inf, -np.inf, np.inf]
    frame = trained(tmp_path, {"x": x, "y": two(0, 1)})
    assert frame.rows["x"].isna().sum() == 3
    assert "3 infinite numbers were counted as missing, in 'x'." in frame.notes


def test_odd_names_are_one_column_each_in_training_and_scoring(tmp_path: Path) -> None:
    header = '"net worth","say ""hi""",收入,"monthly\nincome",x,x,,label,y\n'
    values = rng().normal(size=(N, 8)).round(3)
    path = tmp_path / "t.csv"
    path.write_text(
        header + "".join(",".join(map(str, row)) + f",{i % 4 == 0:d}\n" for i, row in enumerate(values))
    )
    frame = flat_training_frame(path, label="y", name="m")
    assert frame.features == (
        "net worth",
        'say "hi"',
        "收入",
        "monthly income",
        "x",
        "x.2",
        "column_7",
        "label (column)",
    )
    np.testing.assert_array_equal(frame.rows[list(frame.features)], values)
    _, features = flat_scoring_frame(path, frame.schema)
    pd.testing.assert_frame_equal(features, frame.rows[list(frame.features)])


def test_an_id_column_is_a_key_stays_text_and_may_repeat(tmp_path: Path) -> None:
    ids = [f"{i // 2:05d}" for i in range(N)]
    frame = trained(tmp_path, {"no": ids, "x": rng().normal(size=N), "y": two(0, 1)}, id_column="no")
    assert (frame.keys, frame.entity, frame.features) == (("no",), "no", ("x",))
    assert frame.rows["no"].tolist() == ids
    keys, _ = flat_scoring_frame(tmp_path / "t.csv", frame.schema)
    assert keys["no"].tolist() == ids


def test_exact_copies_are_left_out_only_where_an_id_proves_them(tmp_path: Path) -> None:
    columns = {"no": [f"k{i}" for i in range(N)], "x": rng().integers(0, 3, N), "y": two(0, 1)}
    once = pd.DataFrame(columns)
    loaded_twice = pd.concat([once, once.head(30)])
    with_id = trained(tmp_path, loaded_twice.to_dict("list"), id_column="no")
    assert (len(with_id.rows), with_id.counts) == (N, {"duplicate_rows": 30})
    without = trained(tmp_path, loaded_twice.drop(columns="no").to_dict("list"))
    assert (len(without.rows), without.counts) == (N + 30, {})
    assert any("may be different customers" in note for note in without.notes)


def test_a_time_column_dates_the_rows_and_is_no_feature(tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=N).strftime("%d.%m.%Y").tolist()
    days[7] = ""
    frame = trained(tmp_path, {"asked": days, "x": rng().normal(size=N), "y": two(0, 1)}, time_column="asked")
    assert (frame.time, frame.features, frame.counts) == ("asked", ("x",), {"missing_time": 1})
    assert frame.rows["asked"][0] == pd.Timestamp("2024-01-01")
    assert frame.rows["asked"].dtype == "datetime64[us]"


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
@pytest.mark.parametrize("months", [[202401, 202402], ["2024-01", "2024-02"], [20240101, 20240201]])
def test_months_date_rows_too(tmp_path: Path, months: list[Any], suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    table = pd.DataFrame({"asked": months * (N // 2), "x": rng().normal(size=N), "y": two(0, 1)})
    {"csv": table.to_csv, "parquet": table.to_parquet, "xlsx": table.to_excel}[suffix](path, index=False)
    frame = flat_training_frame(path, label="y", name="m", time_column="asked")
    assert frame.rows["asked"].head(2).tolist() == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")]


def test_what_is_known_only_after_the_event_is_no_feature(tmp_path: Path) -> None:
    frame = trained(
        tmp_path,
        {"call seconds": rng().normal(size=N), "x": rng().normal(size=N), "y": two(0, 1)},
        known_after_event=("call seconds",),
    )
    assert frame.features == ("x",)
    assert "Known only after the event, so not used: 'call seconds'." in frame.notes


def test_features_have_the_types_that_a_search_expects(tmp_path: Path) -> None:
    frame = trained(
        tmp_path,
        {
            "count": rng().integers(0, 9, N),
            "truth": rng().choice([True, False], N),
            "code": rng().choice(["01", "02"], N),
            "city": rng().choice(["北京", "上海"], N),
            "since": rng().choice(["2024年1月5日", "2023年12月31日"], N),
            "rate": rng().choice(["12%", "7.5%"], N),
            "y": two(0, 1),
        },
    )
    assert frame.rows[list(frame.features)].dtypes.astype(str).to_dict() == {
        "count": "float64",
        "truth": "float64",
        "code": "str",
        "city": "str",
        "since": "datetime64[us]",
        "rate": "float64",
    }
    assert frame.sentences["city"].zh == "city"


def test_scoring_reads_by_the_types_of_training(tmp_path: Path) -> None:
    """A short file may look different: its column order, its missing label, its digits only, its own date format."""
    frame = trained(
        tmp_path,
        {
            "code": rng().choice(["01", "02", "A7"], N),
            "rate": rng().choice(["12%", "7.5%"], N),
            "since": rng().choice(["13/01/2024", "05/02/2024"], N),
            "limit": rng().choice(["1.234,5", "10,0"], N),
            "y": two(0, 1),
        },
    )
    other = tmp_path / "s.csv"
    other.write_text('since,extra,limit,code,rate\n05/02/2024,9,"10,125",7,50%\n2024-03-01,9,"2",01,1%\n')
    _, features = flat_scoring_frame(other, frame.schema)
    assert features["code"].tolist() == ["7", "01"]
    assert features["rate"].tolist() == [0.5, 0.01]
    assert features["since"].tolist() == [pd.Timestamp("2024-02-05"), pd.Timestamp("2024-03-01")]
    assert features["limit"].tolist() == [10.125, 2.0]


def test_words_that_training_could_not_read_are_no_news_in_scoring(tmp_path: Path) -> None:
    """One row is read as it would be among thousands."""
    frame = trained(tmp_path, {"x": [*map(str, range(195, 0, -1)), *["n/k"] * 5], "y": two(0, 1)})
    assert (
        "5 cells that could not be read as the column's type were counted as missing, in 'x'." in frame.notes
    )
    assert np.isnan(conform(pd.DataFrame({"x": ["n/k"]}), frame.schema)["x"][0])
    with pytest.raises(DataError, match="for example 'n/a!'"):
        conform(pd.DataFrame({"x": ["n/a!"]}), frame.schema)


def test_a_row_without_an_id_is_a_customer_of_its_own(tmp_path: Path) -> None:
    ids = ["k1"] * 198 + [None, ""]
    frame = trained(tmp_path, {"no": ids, "x": rng().normal(size=N), "y": two(0, 1)}, id_column="no")
    assert frame.rows["no"].tolist()[-3:] == ["k1", "(row 199)", "(row 200)"]
    assert "2 rows have no 'no'; each was taken for a customer of its own." in frame.notes


def test_the_schema_survives_json(tmp_path: Path) -> None:
    frame = trained(tmp_path, {"label": two("a", "b"), "d": ["1.2.2024", "2.3.2024"] * 100, "y": two(0, 1)})
    assert ColumnSchema.from_dict(schema_of(frame).as_dict()) == schema_of(frame)
    assert schema_of(frame).as_dict() == {
        "columns": [
            {"name": "label (column)", "type": "category", "form": "", "source": "label", "missing": []},
            {"name": "d", "type": "date", "form": "%d.%m.%Y", "source": "", "missing": []},
        ],
        "keys": [],
    }


def test_the_same_file_gives_the_same_fingerprint(tmp_path: Path) -> None:
    columns = {"x": rng().normal(size=N), "c": rng().choice(["a", "b"], N), "y": two(0, 1)}
    first = trained(tmp_path, columns).fingerprint
    assert trained(tmp_path, columns).fingerprint == first
    columns["x"][0] += 1
    assert trained(tmp_path, columns).fingerprint != first


def test_five_thousand_columns_are_a_matter_of_seconds(tmp_path: Path) -> None:
    """No column is added to a frame one by one, which pandas warns of."""
    wide = pd.DataFrame(rng().normal(size=(60, 5000)).round(4), columns=[f"v {i}" for i in range(5000)])
    wide["y"] = [0, 1] * 30
    wide.to_csv(tmp_path / "wide.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = flat_training_frame(tmp_path / "wide.csv", label="y", name="wide")
        _, features = flat_scoring_frame(tmp_path / "wide.csv", frame.schema)
    assert len(frame.features) == 5000
    pd.testing.assert_frame_equal(features, frame.rows[list(frame.features)])


def test_conform_takes_any_dtype_that_pandas_knows(tmp_path: Path) -> None:
    frame = trained(
        tmp_path,
        {
            "n": rng().integers(0, 90, N),
            "truth": rng().choice([True, False], N),
            "city": rng().choice(["Lima", "Rome"], N),
            "day": ["2024-01-01", "2024-05-01"] * 100,
            "y": two(0, 1),
        },
    )
    other = pd.DataFrame(
        {
            "day": pd.DatetimeIndex(["2024-03-01 08:00", None], tz="Asia/Shanghai"),
            "city": pd.Categorical(["Oslo", None]),
            "truth": pd.array([True, None], dtype="boolean"),
            "n": pd.array([7, None], dtype="Int64"),
        },
        index=[10, 20],
    )
    made = conform(other, frame.schema)
    expected = pd.DataFrame(
        {
            "n": [7.0, np.nan],
            "truth": [1.0, np.nan],
            "city": pd.Series(["Oslo", None], dtype="str", index=[10, 20]),
            "day": pd.Series(
                [pd.Timestamp("2024-03-01 00:00"), pd.NaT], dtype="datetime64[us]", index=[10, 20]
            ),
        },
        index=[10, 20],
    )
    pd.testing.assert_frame_equal(made, expected)
