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
    "repeat_loan": (1, 10),
    "churn_60d": (5, 13),
}


@pytest.fixture
def data(bank: Written, monkeypatch: pytest.MonkeyPatch) -> Written:
    monkeypatch.setenv("WORKBENCH_DATA", str(bank.data.parent))
    return bank


def test_definitions_are_sound_without_any_data() -> None:
    dataset = load_dataset(HOME, "sample_bank")
    assert {label.kind for label in dataset.labels.values()} >= {"response", "conversion", "churn"}
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
    rates = {label["task"].partition("/")[2]: 100 * label["event_rate"] for label in report.labels}
    for label, (least, most) in RATES.items():
        assert least < rates[label] < most, (label, rates[label])


@pytest.mark.slow
def test_every_label_builds_a_frame_whose_features_say_something(data: Written) -> None:
    for label in load_dataset(HOME, "sample_bank").labels:
        frame = build_training_frame(HOME, f"sample_bank/{label}")
        assert frame.rows["label"].sum() >= 20, label
        empty = [c for c in frame.features if frame.rows[c].notna().sum() == 0]
        assert empty == [], label
        assert frame.rows.groupby("customer_id").ngroups <= 5_000


@pytest.mark.slow
def test_customers_can_be_scored_on_the_last_day(data: Written) -> None:
    frame = build_scoring_frame(HOME, "sample_bank/churn_60d", date(2026, 1, 1))
    assert len(frame.rows) > 1_000
    assert frame.rows["customer_id"].str.fullmatch(r"\d{7}").all()
