"""What follows the search is paid for before it begins."""

from __future__ import annotations

import time

import pytest

from workbench.errors import UsageError
from workbench.training.clock import (
    LEAST_SEARCH_SHARE,
    LEAST_TRAINING_ROWS,
    LOGGING_SECONDS,
    Clock,
)
from workbench.training.request import TrainRequest

PACE = 2e8


def test_the_search_gets_what_is_left_after_the_reserve() -> None:
    seconds = Clock(60.0).search_seconds(10_000, 40, 2_000)
    assert seconds is not None
    assert 60 - LOGGING_SECONDS - 6 < seconds < 60 - LOGGING_SECONDS


def test_time_before_the_process_began_counts() -> None:
    late, early = (
        Clock(60.0, time.time() - 20).search_seconds(1_000, 10, 200),
        Clock(60.0).search_seconds(1_000, 10, 200),
    )
    assert late is not None and early is not None
    assert early - late == pytest.approx(20, abs=1)


def test_a_search_that_begins_too_late_still_searches() -> None:
    assert Clock(60.0, time.time() - 100).search_seconds(1_000, 10, 200) == pytest.approx(
        60 * LEAST_SEARCH_SHARE
    )


def test_counted_in_trials_there_is_no_clock() -> None:
    assert Clock(None).search_seconds(1_000, 10, 200) is None
    assert Clock(None).fraction() == 0.0


def test_a_request_survives_the_queue() -> None:
    asked = TrainRequest(file="a.csv", label="y", known_after_event=("duration",), user="wang.requester")
    assert TrainRequest.from_dict(asked.as_dict()) == asked


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({}, "WB-U32"),
        ({"task": "a/b", "file": "c.csv"}, "WB-U32"),
        ({"file": "c.csv"}, "WB-U32"),
        ({"task": "a/b", "budget_seconds": 1.0}, "WB-U31"),
        ({"task": "a/b", "budget_seconds": None}, "WB-U31"),
        ({"task": "a/b", "trials": 0}, "WB-U34"),
        ({"task": "a/b", "kind": "rsik"}, "WB-U33"),
    ],
)
def test_a_request_that_cannot_be_says_why(settings: dict, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        TrainRequest(**settings)
    assert refused.value.code == code


def test_a_queued_request_with_an_unknown_setting_names_the_near_one() -> None:
    with pytest.raises(UsageError, match="WB-U35") as refused:
        TrainRequest.from_dict({"task": "a/b", "bugdet_seconds": 60})
    assert "budget_seconds" in refused.value.hint


def test_the_latest_end_is_the_start_plus_the_budget() -> None:
    ends = Clock(60.0, time.time() - 20).latest_end()
    assert ends is not None
    assert ends.timestamp() == pytest.approx(time.time() + 40, abs=1)
    assert Clock(None).latest_end() is None


def test_a_large_table_leaves_room_for_a_sample_only() -> None:
    clock = Clock(60.0)
    few, many = (clock.most_training_rows(30, held, PACE) for held in (1_000, 100_000))
    assert few is not None and many is not None
    assert LEAST_TRAINING_ROWS <= many < few < 1_000_000
    slow = clock.most_training_rows(30, 1_000, PACE / 10)
    assert slow is not None and slow < few / 5
    assert Clock(None).most_training_rows(30, 1_000, PACE) is None


def test_a_table_that_cannot_be_judged_in_time_names_the_smallest_budget() -> None:
    with pytest.raises(UsageError, match="WB-U36") as refused:
        Clock(60.0).most_training_rows(100, 200_000_000, PACE)
    said = int(refused.value.hint.split("about ")[1].split(" s")[0].replace(",", ""))
    assert Clock(float(said)).most_training_rows(100, 200_000_000, PACE) is not None
