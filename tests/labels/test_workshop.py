"""What the workshop shows: who rolls on, when vintages flatten, when events come, month by month."""

from __future__ import annotations

import json
from datetime import datetime

import pandas as pd
import pytest

from tests.labels.lending import defined, instalments, lender, loaded, loans, statements, table
from workbench.labels.event_times import event_times
from workbench.labels.roll_rates import roll_rates
from workbench.labels.vintages import vintages
from workbench.labels.workshop import workshop
from workbench.tables.durations import Duration

RISK = """
bad:
  kind: risk
  row: {each: loans, key: [customer_id, loan_id], cutoff: granted_at}
  outcome: {overdue_in: repayments, days_past_due: days_past_due, bad: 90, indeterminate: 30, within: 3mo MORE}
"""
MONTHS = [f"2025-{m:02d}-28" for m in range(1, 13)]


def paths(*days: list[int]) -> pd.DataFrame:
    """One loan per list: its days past due at the end of each month of 2025."""
    return statements(
        *[(f"l{i}", i, at, d) for i, path in enumerate(days) for at, d in zip(MONTHS, path, strict=False)]
    )


def rolled(rows: pd.DataFrame, more: str = "", until: str = "2026-01-01"):
    tables = lender(until=until)
    with loaded(tables, repayments=rows) as engine:
        label = defined(RISK.replace(" MORE", more), tables)
        return roll_rates(engine, label.outcome, "bad", observed_until=datetime.fromisoformat(until))  # ty: ignore[invalid-argument-type]


def shares(frame: pd.DataFrame) -> dict[tuple[str, str], float]:
    return {(r.from_band, r.to_band): round(r.share, 6) for r in frame.itertuples()}


def test_a_roll_rate_is_the_share_of_a_band_that_stands_in_another_a_month_later() -> None:
    found = rolled(paths([0, 10, 0, 40], [0, 10, 40, 70], [0, 10, 40, 0]))
    assert shares(found.to_next_month) == {
        ("current", "1-29"): 0.75, ("current", "30-59"): 0.25,
        ("1-29", "current"): round(1 / 3, 6), ("1-29", "30-59"): round(2 / 3, 6),
        ("30-59", "current"): 0.5, ("30-59", "60-89"): 0.5,
    }  # fmt: skip


def test_a_month_without_a_statement_is_no_transition() -> None:
    gap = statements(("a", 1, "2025-01-28", 0), ("a", 1, "2025-03-28", 40), ("a", 1, "2025-04-28", 70))
    assert shares(rolled(gap).to_next_month) == {("30-59", "60-89"): 1.0}


def test_the_last_statement_of_a_month_is_its_state() -> None:
    twice = statements(("a", 1, "2025-01-10", 40), ("a", 1, "2025-01-28", 0), ("a", 1, "2025-02-28", 10))
    assert shares(rolled(twice).to_next_month) == {("current", "1-29"): 1.0}


def test_the_worst_of_the_months_ahead_counts_only_where_they_were_all_observed() -> None:
    """Three months ahead, observed until May: only January and (not February) has February to April behind it."""
    found = rolled(paths([0, 40, 100, 0, 0]), until="2025-05-01")
    assert shares(found.to_worst) == {("current", "90-119"): 1.0}
    assert found.to_worst["loans"].tolist() == [1]
    assert rolled(paths([0, 40, 100, 0, 0]), until="2025-06-01").to_worst["loans"].sum() == 2


def test_bad_belongs_where_more_than_half_roll_on_in_every_worse_band() -> None:
    lightly = [[10, 0, 0, 0]] * 40 + [[40, 0, 0, 0]] * 25 + [[40, 70, 100, 130]] * 15
    heavily = [[70, 100, 130, 160]] * 30 + [[70, 0, 0, 0]] * 10 + [[100, 130, 160, 190]] * 40
    found = rolled(paths(*lightly, *heavily), until="2025-05-01")
    first = found.rolls_on.set_index("band")
    assert first.loc["30-59", ["loans", "worse", "current"]].tolist() == [40, 0.375, 0.625]
    assert first.loc["60-89", "worse"] == 0.75
    assert found.bad_from == 60
    assert "60-89: 75% get worse" in found.sentence(90) and "from 60 days" in found.sentence(90)


def test_bad_by_its_status_is_the_worst_band_whatever_its_days() -> None:
    rows = statements(("a", 1, "2025-01-28", 95, "late"), ("a", 1, "2025-02-28", 0, "written_off"))
    assert shares(rolled(rows, ", status: status").to_next_month) == {("90-119", "bad by status"): 1.0}


def test_counted_days_make_the_same_bands() -> None:
    rows = instalments(
        ("a", 1, 1, "2025-01-28", None), ("a", 1, 2, "2025-02-28", None), ("a", 1, 3, "2025-03-28", None)
    )
    text = RISK.replace(
        "days_past_due: days_past_due", "days_past_due: {due: due_date, paid: paid_date}"
    ).replace(" MORE", "")
    with loaded(lender(), repayments=rows) as engine:
        label = defined(text, lender())
        found = roll_rates(engine, label.outcome, "bad", observed_until=datetime(2026, 1, 1))  # ty: ignore[invalid-argument-type]
    assert shares(found.to_next_month) == {("current", "30-59"): 1.0, ("30-59", "30-59"): 1.0}


def test_a_vintage_shows_a_month_only_once_that_is_known_of_all_its_rows() -> None:
    cutoff = pd.Series(pd.to_datetime(["2025-01-10", "2025-01-20", "2025-02-05"]))
    event = pd.Series(pd.to_datetime(["2025-02-09", None, "2025-03-05"]))
    found = vintages(cutoff, event, lag=Duration(1), observed_until=datetime(2025, 4, 20))
    cells = {(r.vintage, r.month): (r.rows, r.events) for r in found.cells.itertuples()}
    # January's second row is known on 21 April for month 3; an event on the very day a month later belongs to the next
    assert cells == {
        ("2025-01", 1): (2, 1),
        ("2025-01", 2): (2, 1),
        ("2025-02", 1): (1, 0),
        ("2025-02", 2): (1, 1),
    }
    assert found.pooled["rate"].round(4).tolist() == [round(1 / 3, 4), round(2 / 3, 4)]


def test_vintages_flatten_where_nearly_all_events_have_come_and_are_watched_on() -> None:
    months = pd.date_range("2024-01-01", periods=6, freq="MS")
    cutoff = pd.Series(months.repeat(100))
    waits = ([3] * 10 + [6] * 10 + [None] * 80) * 6
    event = pd.Series(
        [c + pd.DateOffset(months=w, days=-1) if w else pd.NaT for c, w in zip(cutoff, waits, strict=True)]
    )
    found = vintages(cutoff, event, lag=Duration(0), observed_until=datetime(2025, 6, 1))
    assert found.flat_at == 6
    assert found.pooled.set_index("month").loc[[3, 6, 9], "rate"].round(6).tolist() == [0.1, 0.2, 0.2]
    assert "flattens at month 6" in found.sentence(12) and "holds 50%" in found.sentence(3)
    early = vintages(cutoff, event, lag=Duration(0), observed_until=datetime(2024, 9, 1))
    assert early.flat_at is None and "still rising" in early.sentence(12)


def test_event_times_count_an_event_only_among_those_watched_that_long() -> None:
    begin = pd.Series(pd.to_datetime(["2025-03-01"] * 2 + ["2025-03-08"] * 2))
    event = pd.Series(pd.to_datetime(["2025-03-01 23:59", "2025-03-05", None, None], format="ISO8601"))
    found = event_times(
        begin, event, days=20, lag=Duration(0), observed_until=datetime(2025, 3, 11), returns=False
    )
    curve = found.curve.set_index("day")
    assert curve["rows"].tolist() == [4, 4, 4, 2, 2, 2, 2, 2, 2, 2]
    assert curve.loc[[1, 4, 5, 10], "rate"].tolist() == [0.25, 0.25, 0.75, 0.75]
    assert found.nine_tenths_at == 5


@pytest.mark.parametrize("more", ["", ", status: status, cures: {ignore_within: 31d}"])
def test_the_workshop_of_a_risk_is_whole_and_goes_into_json(more: str) -> None:
    granted = loans(*[(f"l{i}", i, "2025-01-05") for i in range(4)], ("late", 9, "2025-11-05"))
    rows = paths([0, 0, 0, 0], [0, 40, 95, 0], [0, 40, 40, 0], [0, 0, 0, 0]).assign(status="settled_early")
    with loaded(lender(until="2026-01-01"), loans=granted, repayments=rows) as engine:
        shown = workshop(engine, defined(RISK.replace(" MORE", more), engine.tables))
    month = shown.by_month.set_index("month")
    bad = 1 if not more else 0
    assert month.loc["2025-01", ["rows", "events", "immature", "indeterminate"]].tolist() == [
        3 - (1 - bad),
        bad,
        0,
        2 - bad,
    ]
    assert month.loc["2025-11", ["rows", "immature"]].tolist() == [0, 1]
    assert shown.counts["immature"] == 1
    told = json.loads(json.dumps(shown.as_dict(), allow_nan=False))
    assert set(shown.frames) < set(told)
    assert any("Roll rates" in line for line in shown.lines()) and any(
        "Vintages" in line for line in shown.lines()
    )


def test_the_workshop_of_churn_shows_returns_and_a_templates_label_in_full() -> None:
    rows = table(
        "customer_id at",
        *[(c, "2025-02-20") for c in range(10)],
        *[(c, "2025-03-06") for c in range(9)],
        dates=("at",),
    )
    text = "x: {kind: churn, cutoffs: [2025-03-01], outcome: {none_in: events, within: 10d}}"
    with loaded(lender(), events=rows) as engine:
        shown = workshop(engine, defined(text, engine.tables))
    assert shown.by_month[["rows", "events"]].to_numpy().tolist() == [[10, 1]]
    assert shown.event_times is not None and shown.event_times.nine_tenths_at == 6
    assert "returns" in shown.sentences[0]
    with loaded(lender(), repayments=paths([0, 0, 0, 0, 0, 40])) as engine:
        early = workshop(
            engine, defined("x: {template: early_warning, cutoffs: [2025-04-01]}", engine.tables)
        )
    assert "The label in full:" in early.lines() and "overdue_in: repayments" in early.as_dict()["definition"]
