"""The parts of pages that compute something."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.ui.fakes import gains
from workbench.ui.components.datasets import short
from workbench.ui.components.funnel import funnel_steps
from workbench.ui.components.job_card import time_share
from workbench.ui.components.masks import mask_columns
from workbench.ui.components.verdict import Yield
from workbench.ui.view import plain


def test_a_yield_is_read_from_the_row_nearest_to_the_depth() -> None:
    table = pd.DataFrame(
        {
            "depth": [0.1, 0.2],
            "customers": [50, 100],
            "events": [20, 25],
            "capture": [0.4, 0.5],
            "lift": [4.0, 2.5],
        }
    )
    assert Yield.at(table, 0.14) == Yield(depth=0.1, customers=50, per_100=40.0, capture=0.4, lift=4.0)
    assert Yield.at(table, 1.0).per_100 == 25.0


def test_contacting_everybody_is_a_random_choice() -> None:
    everybody = Yield.at(gains(), 1.0)
    assert (everybody.per_100, everybody.lift, everybody.capture) == (16.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("elapsed", "budget", "fraction", "share"),
    [
        (15, 60, 0.9, 0.25),
        (90, 60, 0.2, 0.99),
        (-1, 60, 0.0, 0.0),
        (500, None, 0.4, 0.4),
        (1, None, 1.0, 0.99),
    ],
)
def test_the_bar_is_time_used_of_time_granted(
    elapsed: float, budget: float | None, fraction: float, share: float
) -> None:
    assert time_share(elapsed, budget, fraction) == share


def test_a_funnel_loses_nobody_without_a_count() -> None:
    funnel = {
        "scored": 1000, "without_id": 1, "double": 2, "excluded": 0, "below_grade": 7, "below_cut": 790, "held_out": 20, "final": 180,
    }  # fmt: skip
    steps = funnel_steps(funnel)
    assert steps[0] == ("scored", 0, 1000)
    assert [name for name, _, _ in steps] == [
        "scored",
        "without_id",
        "double",
        "below_grade",
        "below_cut",
        "held_out",
        "final",
    ]
    assert steps[-2][2] == steps[-1][2] == 180


def test_masking_hides_all_but_the_end_and_leaves_the_frame_alone() -> None:
    frame = pd.DataFrame({"id": ["0012345", "77", "123"], "p": [0.1, 0.2, 0.3]})
    masked = mask_columns(frame, ["id", "absent"])
    assert masked["id"].tolist() == ["•••45", "•••", "•••3"]
    assert frame["id"].tolist() == ["0012345", "77", "123"]


def test_a_title_is_shortened_at_its_colon() -> None:
    assert short("Complete Journey: grocery households") == "Complete Journey"
    assert short("信贷风险\uff1a借款人") == "信贷风险"
    assert short("No colon") == "No colon"


def test_text_from_people_is_shown_and_never_obeyed() -> None:
    assert (
        plain("see ![x](http://far.away/x.png) :red[now] $1")
        == r"see \!\[x\](http\://far.away/x.png) \:red\[now\] \$1"
    )
    assert plain("run `workbench jobs list` *now*") == r"run `workbench jobs list` \*now\*"
    assert plain("a column named <b>") == r"a column named \<b\>"
