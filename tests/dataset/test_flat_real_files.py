"""Real tables from other people's machines, read without a word about their dialect."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import empulse
import pandas as pd
import pytest

from workbench.dataset.flat import flat_scoring_frame, flat_training_frame
from workbench.dataset.schema import FlatFrame

SHARED = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Known:
    """What is published about a file, or counted by other means."""

    path: str
    label: str
    rows: int
    features: int
    event: str
    events: int
    options: dict[str, Any] = field(default_factory=dict)


FILES = [
    Known("german_credit/germancredit_labelled.csv", "creditability", 1000, 20, "bad", 300, {"kind": "risk"}),
    Known("adult/adult-train.csv.gz", "column_15", 32561, 14, ">50K", 7841),
    Known(
        "bank_additional/bank-additional-full.csv.gz",
        "y",
        41188,
        19,
        "yes",
        4640,
        {"known_after_event": ("duration",)},
    ),
    Known(
        "telco_churn/telco_churn.csv",
        "Churn",
        7043,
        19,
        "Yes",
        1869,
        {"kind": "churn", "id_column": "customerID"},
    ),
    Known(
        "taiwan_default/UCI_Credit_Card.csv.gz",
        "default.payment.next.month",
        30000,
        23,
        "1",
        6636,
        {"kind": "risk"},
    ),
    Known("hillstrom/hillstrom.csv.gz", "visit", 64000, 11, "1", 9394),
]


def shared(path: str) -> Path:
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"the shared data folder has no {path} beside this project")
    return found


@pytest.mark.parametrize("known", FILES, ids=lambda k: k.path.split("/")[0])
def test_a_real_table_is_read_and_scored_alike(known: Known) -> None:
    path = shared(known.path)
    frame = flat_training_frame(path, label=known.label, name="m", **known.options)
    assert (len(frame.rows), len(frame.features)) == (known.rows, known.features)
    assert (frame.event_class, int(frame.rows["label"].sum())) == (known.event, known.events)
    _, features = flat_scoring_frame(path, frame.schema)
    pd.testing.assert_frame_equal(features, frame.rows[list(frame.features)])


def test_eleven_blank_totals_are_missing_numbers() -> None:
    path = shared("telco_churn/telco_churn.csv")
    frame = flat_training_frame(path, label="Churn", name="m")
    assert frame.rows["TotalCharges"].dtype == "float64"
    assert frame.rows["TotalCharges"].isna().sum() == 11
    assert "customerID" not in frame.features


def test_a_test_file_without_a_header_is_scored_by_a_model_trained_without_one() -> None:
    frame = flat_training_frame(shared("adult/adult-train.csv.gz"), label="column_15", name="m")
    keys, features = flat_scoring_frame(shared("adult/adult-test.csv.gz"), frame.schema)
    assert features.shape == (16281, 14)
    assert keys["row"].iloc[-1] == 16281


def give_me_some_credit(**options: Any) -> tuple[Path, FlatFrame]:
    path = Path(empulse.__file__).parent / "datasets" / "data" / "creditscoring1.csv.gz"
    return path, flat_training_frame(
        path, label="SeriousDlqin2yrs", name="credit_risk", kind="risk", **options
    )


def test_give_me_some_credit_is_as_pandas_reads_it() -> None:
    path, frame = give_me_some_credit()
    oracle = pd.read_csv(path)
    assert frame.notes[1] == "Set aside, since it only numbers the rows: 'id'."
    assert (len(frame.rows), int(frame.rows["label"].sum())) == (150_000, 10_026)
    pd.testing.assert_frame_equal(
        frame.rows[list(frame.features)], oracle[list(frame.features)].astype("float64")
    )


def test_give_me_some_credit_with_its_id_as_key() -> None:
    path, frame = give_me_some_credit(id_column="id")
    keys, _ = flat_scoring_frame(path, frame.schema)
    assert keys["id"].tolist() == pd.read_csv(path, dtype=str)["id"].tolist()
