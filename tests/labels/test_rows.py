"""Who is asked, as of when, and what counts as the outcome."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from workbench.features.columns import CUTOFF_AT
from workbench.labels.compile import LABEL, scoring_rows, training_rows
from workbench.labels.conditions import Condition
from workbench.labels.cutoffs import PeriodicCutoffs
from workbench.labels.definition import EachRow, LabelDefinition
from workbench.labels.windows import KNOWN_OUTCOME
from workbench.tables.durations import Duration
from workbench.tables.engine import Engine
from workbench.tables.schema import Table, TableSet
from workbench.text import Text


def ask(
    label: LabelDefinition,
    events: list[tuple[int, str]],
    *,
    until: str = "2025-12-31",
    late: str = "0d",
    contacts: pd.DataFrame | None = None,
    score: str | None = None,
):
    tables = {
        "events": Table("events", "-", event_time="at", known_after=Duration.parse(late)),
        "contacts": Table("contacts", "-", keys=("offer", "who"), event_time="start"),
    }
    dataset = TableSet(
        "x",
        Path(),
        Text.of("x"),
        "who",
        tables,
        observed_until=datetime.fromisoformat(until),
        observed_from=datetime(2025, 1, 1),
    )
    with Engine(dataset) as engine:
        engine.put_rows(
            "events",
            pd.DataFrame(
                {
                    "who": [w for w, _ in events],
                    "at": pd.to_datetime([a for _, a in events], format="ISO8601"),
                }
            ),
        )
        if contacts is not None:
            engine.put_rows("contacts", contacts)
        return (
            scoring_rows(engine, label, datetime.fromisoformat(score).date())
            if score
            else training_rows(engine, label)
        )


def quiet(**changed) -> LabelDefinition:
    parts = {
        "cutoffs": PeriodicCutoffs(
            Duration(1, "mo"), datetime(2025, 3, 1).date(), datetime(2025, 5, 1).date()
        ),
        "eligible": (Condition(table="events", wants_any=True, within=Duration(30)),),
        "outcome": Condition(table="events", wants_any=False, within=Duration(10), lag=Duration(1)),
    }
    return LabelDefinition(name="quiet", kind="churn", **(parts | changed))


def test_the_window_begins_at_the_cutoff_and_ends_before_its_last_moment() -> None:
    found = ask(
        quiet(),
        [(1, "2025-02-20"), (2, "2025-02-20"), (3, "2025-02-20"), (2, "2025-03-01"), (3, "2025-03-11")],
    )
    march = found.rows[found.rows[CUTOFF_AT] == "2025-03-01"]
    assert march[LABEL].tolist() == [1, 0, 1]


def test_a_gap_moves_the_window_and_the_lag_moves_its_knowledge() -> None:
    label = quiet(
        outcome=Condition(
            table="events", wants_any=True, within=Duration(10), gap=Duration(5), lag=Duration(2)
        )
    )
    found = ask(label, [(1, "2025-02-20"), (2, "2025-02-20"), (1, "2025-03-05 23:59:59"), (2, "2025-03-06")])
    march = found.rows[found.rows[CUTOFF_AT] == "2025-03-01"]
    assert march[LABEL].tolist() == [0, 1]
    assert march[KNOWN_OUTCOME].tolist() == [pd.Timestamp("2025-03-18")] * 2


def test_an_immature_cohort_is_dropped_whole_even_its_early_events() -> None:
    """Customer 1 has already bought in the open window: keeping her alone would bias the cohort."""
    bought = quiet(outcome=Condition(table="events", wants_any=True, within=Duration(10), lag=Duration(1)))
    found = ask(
        bought,
        [(1, "2025-02-20"), (1, "2025-04-20"), (2, "2025-04-20"), (1, "2025-05-02")],
        until="2025-05-11",
    )
    assert found.rows[CUTOFF_AT].max() == pd.Timestamp("2025-03-01")
    assert found.counts["immature"] == 2


def test_a_cohort_is_mature_on_the_very_moment() -> None:
    found = ask(quiet(), [(1, "2025-04-20")], until="2025-05-12")
    assert len(found.rows) == 1


def test_rows_whose_story_began_before_the_data_are_left_out_and_counted() -> None:
    label = quiet(eligible=(Condition(table="events", wants_any=True, within=Duration(90)),))
    found = ask(label, [(1, "2025-02-20")])
    assert found.counts["left_censored"] == 1  # 1 March less 90 days lies in 2024
    assert found.rows[CUTOFF_AT].min() == pd.Timestamp("2025-04-01")


def test_training_knows_who_was_eligible_and_scoring_only_what_was_known() -> None:
    """An event of the eve is part of the truth; reported a day late, it is not yet known to who chooses."""
    assert len(ask(quiet(), [(1, "2025-02-28 12:00")], late="1d").rows) == 1
    with pytest.raises(Exception, match="WB-L04"):
        ask(quiet(), [(1, "2025-02-28 12:00")], late="1d", score="2025-03-01")


def test_each_contact_has_its_own_window_and_the_last_day_counts() -> None:
    contacts = pd.DataFrame(
        {
            "offer": [1, 1, 2],
            "who": [1, 2, 1],
            "start": pd.to_datetime(["2025-02-01", "2025-02-01", "2024-12-01"]),
            "end": pd.to_datetime(["2025-02-10", "2025-02-10", "2025-02-10"]),
        }
    )
    label = LabelDefinition(
        name="answers",
        kind="response",
        row=EachRow("contacts", ("offer", "who"), "start"),
        outcome=Condition(table="events", wants_any=True, until="contacts.end"),
    )
    found = ask(label, [(1, "2025-02-10 18:00"), (2, "2025-02-11 00:00")], contacts=contacts)
    assert found.rows[["who", LABEL]].to_numpy().tolist() == [[1, 1], [2, 0]]
    assert found.counts["left_censored"] == 1
    assert found.rows[KNOWN_OUTCOME].tolist() == [pd.Timestamp("2025-02-11")] * 2


def test_months_keep_their_day() -> None:
    cutoffs = PeriodicCutoffs(Duration(1, "mo"), datetime(2025, 1, 31).date(), datetime(2025, 4, 30).date())
    assert [f"{m:%m-%d}" for m in cutoffs.moments()] == ["01-31", "02-28", "03-31", "04-30"]
