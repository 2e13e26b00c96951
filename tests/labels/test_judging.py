"""A label's `judge_from` must leave rows to learn from and rows to judge by."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.dataset.shop import LABELS, shop
from workbench.dataset.build import build_training_frame
from workbench.dataset.checks import check_dataset
from workbench.errors import DefinitionError, WorkbenchError
from workbench.features.columns import CUTOFF_AT
from workbench.labels.compile import LABEL, LabelRows
from workbench.labels.conditions import Condition
from workbench.labels.cutoffs import FixedCutoffs
from workbench.labels.definition import EachRow, LabelDefinition
from workbench.labels.judging import stop_if_one_sided
from workbench.labels.windows import KNOWN_OUTCOME
from workbench.tables.durations import Duration

ROWS = LabelRows(
    pd.DataFrame(
        [
            ("2025-01-01", "2025-01-31", 0),
            ("2025-01-01", "2025-01-31", 1),
            ("2025-02-01", "2025-03-03", 0),
            ("2025-03-01", "2025-03-31", 1),
            ("2025-03-01", "2025-03-31", 0),
            ("2025-04-01", "2025-05-01", 1),
        ],
        columns=[CUTOFF_AT, KNOWN_OUTCOME, LABEL],
    ).astype({CUTOFF_AT: "datetime64[us]", KNOWN_OUTCOME: "datetime64[us]"}),
    ("customer",),
    {},
)
DAYS = (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1), date(2025, 9, 1))
SHARED = LabelDefinition(
    name="buys",
    kind="conversion",
    outcome=Condition(table="orders", wants_any=True, within=Duration.parse("30d")),
    cutoffs=FixedCutoffs(DAYS),
)
OWN = replace(SHARED, cutoffs=None, row=EachRow("mailings", ("customer",), "sent"))
END = datetime(2025, 7, 1)


@pytest.mark.parametrize(
    ("label", "day", "words"),
    [
        (SHARED, date(2025, 9, 2), "after the last cutoff, 2025-09-01"),
        (OWN, date(2025, 7, 2), "after the data's end on 2025-07-01"),
        (SHARED, date(2025, 1, 31), "too early: no row has an outcome that is known before that day"),
        (SHARED, date(2025, 4, 1), "too late: the 1 row from that day on all came out alike"),
    ],
)
def test_a_day_that_leaves_one_side_empty_or_alike_is_refused(
    label: LabelDefinition, day: date, words: str
) -> None:
    with pytest.raises(DefinitionError, match=f"WB-L40.*{words}"):
        stop_if_one_sided(replace(label, judge_from=day), ROWS, END)


@pytest.mark.parametrize(
    ("label", "day"),
    [
        (SHARED, None),
        (SHARED, date(2025, 2, 1)),
        (SHARED, date(2025, 3, 1)),
        (SHARED, date(2025, 9, 1)),  # its rows are still to mature: until then the newest judge
        (OWN, date(2025, 6, 1)),
    ],
)
def test_a_day_among_the_cutoffs_is_none_of_that(label: LabelDefinition, day: date | None) -> None:
    stop_if_one_sided(replace(label, judge_from=day), ROWS, END)


def test_teaching_rows_of_one_outcome_are_refused() -> None:
    alike = replace(ROWS, rows=ROWS.rows.assign(**{LABEL: [1, 1, 0, 1, 0, 1]}))
    with pytest.raises(DefinitionError, match="too early: the 2 rows whose outcome is known before that day"):
        stop_if_one_sided(replace(SHARED, judge_from=date(2025, 3, 1)), alike, END)


@pytest.mark.parametrize("label", ["buys", None])
@pytest.mark.parametrize(("day", "told"), [("2030-01-01", 1), ("2025-06-02", 1), ("2025-05-01", 0)])
def test_check_stops_where_nothing_would_judge(
    tmp_path: Path, label: str | None, day: str, told: int
) -> None:
    written = LABELS.replace("within: 30d, lag: 1d", "within: 5d, lag: 1d")
    written = written.replace("answers:", f"  judge_from: {day}\nanswers:")
    home = shop(tmp_path, labels=written)
    found = [f for f in check_dataset(home, "shop", label=label).findings if f.code == "WB-L40"]
    assert [f.severity for f in found] == ["stop"] * told
    if told:
        with pytest.raises(WorkbenchError, match="WB-L40"):
            build_training_frame(home, "shop/buys")
