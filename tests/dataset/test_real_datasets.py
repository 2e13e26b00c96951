"""The retail and the card dataset over the folder of real tables: published facts, and definitions that hold."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.config import Home
from workbench.dataset.build import build_training_frame
from workbench.dataset.catalog import load_dataset
from workbench.dataset.checks import check_dataset
from workbench.dataset.examples import failing_examples

HOME = Home(Path(__file__).resolve().parents[2])


@pytest.fixture(autouse=True)
def _over_the_real_tables(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_DATA", str(shared_data))


@pytest.mark.parametrize("name", ["online_retail", "taiwan_default"])
def test_examples_hold_and_every_feature_speaks_both_languages(name: str) -> None:
    dataset = load_dataset(HOME, name)
    assert failing_examples(dataset) == []
    assert sum(len(f.examples) for f in dataset.features.values()) >= 2
    for feature in dataset.features.values():
        for column in feature.columns():
            assert column.sentence.en and column.sentence.zh, column.name
            assert column.sentence.en != column.sentence.zh, column.name


def test_the_days_that_lie_in_both_retail_files_count_once() -> None:
    """Of 1,067,370 lines the 22,523 of 1 to 9 December 2010 are in both files (PROVENANCE.md beside the data)."""
    report = check_dataset(HOME, "online_retail", label="churn_90d")
    assert report.ok
    twice = next(f for f in report.findings if f.code == "WB-T34")
    assert twice.count == 22_523
    assert "2010-12-01 to 2010-12-09" in twice.message
    assert next(t for t in report.tables if t.name == "lines").rows == 1_067_370


def test_half_of_the_retail_customers_order_nothing_from_september_to_november_2011() -> None:
    """Published for customers of September 2010 to August 2011: 50.3% of 4,335 order nothing in the three months."""
    frame = build_training_frame(HOME, "online_retail/churn_90d")
    last = frame.rows[frame.rows["cutoff_time"] == "2011-09-01"]
    assert abs(len(last) - 4_335) < 90
    assert last["label"].mean() == pytest.approx(0.503, abs=0.02)


def test_every_card_client_is_asked_about_once_and_22_percent_miss_october() -> None:
    frame = build_training_frame(HOME, "taiwan_default/missed_october")
    assert len(frame.rows) == 30_000
    assert frame.rows["label"].sum() == 6_636
    assert frame.rows["cutoff_time"].unique().tolist() == [pd.Timestamp("2005-10-01")]


def test_months_of_the_wide_card_table_are_the_ones_that_its_documentation_names(shared_data: Path) -> None:
    """PAY_0 is September's status and BILL_AMT1 its statement; a payment is set against the statement before."""
    wide = pd.read_csv(shared_data / "taiwan_default" / "UCI_Credit_Card.csv.gz").set_index("ID")
    rows = (
        build_training_frame(HOME, "taiwan_default/missed_october").rows.set_index("client").loc[wide.index]
    )
    assert (rows["status_last_1mo"] == wide["PAY_0"]).all()
    assert (rows["status_last_5mo..6mo"] == wide["PAY_6"]).all()
    assert (
        rows["worst_max_6mo"] == wide[["PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]].max(axis=1)
    ).all()
    owed = wide["BILL_AMT2"] > 0
    ratio = (wide["PAY_AMT1"] / wide["BILL_AMT2"])[owed]
    pd.testing.assert_series_equal(rows["payment_ratio_last_3mo"][owed], ratio, check_names=False)
