"""`feature_defs/sample_bank/` fits what `workbench sample bank` writes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.sample.conftest import Written
from workbench.config import Home
from workbench.dataset.build import build_scoring_frame, build_training_frame
from workbench.dataset.catalog import load_dataset
from workbench.dataset.checks import check_dataset
from workbench.dataset.examples import failing_examples

HOME = Home(Path(__file__).resolve().parents[2])
RATES = {  # of events, in percent
    "campaign_response": (1, 6.5),
    "loan_application": (1.5, 7),
    "first_loan": (2, 9),
    "loan_after_response": (8, 35),
    "repeat_loan": (1, 10),
    "churn_60d": (5, 13),
    "bad_90d": (3, 9),
    "early_warning": (3, 10),
    "first_payment_default": (1, 8),
}


@pytest.fixture
def data(bank: Written, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setenv("WORKBENCH_DATA", str(bank.data.parent))
    return bank


def test_definitions_are_sound_without_any_data() -> None:
    dataset = load_dataset(HOME, "sample_bank")
    assert {label.kind for label in dataset.labels.values()} == {"response", "conversion", "churn", "risk"}
    assert failing_examples(dataset) == []
    assert sum(len(f.examples) for f in dataset.features.values()) >= 4
    for feature in dataset.features.values():
        for column in feature.columns():
            assert column.sentence.en != column.sentence.zh, column.name
            assert "{" not in column.sentence.en + column.sentence.zh, column.name


def test_the_definitions_do_not_know_the_truth() -> None:
    for file in (HOME.feature_defs / "sample_bank").iterdir():
        assert "truth" not in file.read_text(encoding="utf-8"), file.name


@pytest.mark.slow
def test_check_finds_the_dirt_and_nothing_that_stops(data: Written) -> None:
    report = check_dataset(HOME, "sample_bank")
    assert [f for f in report.findings if f.severity == "stop"] == []
    assert {"WB-T15", "WB-T17", "WB-T18", "WB-T20"} <= {f.code for f in report.findings}
    assert {"WB-T46", "WB-T47", "WB-T48"} <= {
        f.code for f in report.findings
    }  # unknown, missing, half-filled events
    rates = {label["task"].partition("/")[2]: 100 * label["event_rate"] for label in report.labels}
    assert set(rates) == set(RATES)
    for label, (least, most) in RATES.items():
        assert least < rates[label] < most, (label, rates[label])


@pytest.mark.slow
@pytest.mark.parametrize("label", RATES)
def test_every_label_builds_a_frame_whose_features_say_something(label: str, data: Written) -> None:
    frame = build_training_frame(HOME, f"sample_bank/{label}")
    assert frame.rows["label"].sum() >= 20
    # who never borrowed has no story of borrowing
    silent = {"loans", "repayments"} if label == "first_loan" else set()
    assert {frame.groups[c] for c in frame.features if frame.rows[c].notna().sum() == 0} <= silent


@pytest.mark.slow
def test_the_label_of_bad_loans_is_the_truth_about_them(data: Written) -> None:
    """Every loan whose twelve months are over, apart from those in between: 30 days past due, but never 90."""
    rows = build_training_frame(HOME, "sample_bank/bad_90d").rows
    told = data.table("loans").merge(
        data.true("applications").drop(columns="customer_id"), on="application_id"
    )
    told = rows.merge(told, on="loan_id")
    assert len(told) == len(rows) > 300
    assert told["would_go_bad"].to_list() == (told["label"] == 1).to_list()
    assert (told.loc[told["label"] == 0, "worst_behind_12m"] < 2).all()


@pytest.mark.slow
def test_customers_can_be_scored_on_the_last_day(data: Written) -> None:
    frame = build_scoring_frame(HOME, "sample_bank/churn_60d", date(2026, 1, 1))
    assert len(frame.rows) > 1_000
    assert frame.rows["customer_id"].str.fullmatch(r"\d{7}").all()
