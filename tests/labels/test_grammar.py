"""Who is asked and when: fixed, periodic and per-event cutoffs, responders and first-timers, and who is left out."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.labels.lending import ask, defined, lender, scored, table
from workbench.errors import WorkbenchError

CONTACTS = "contact_id customer_id start ends"


def events(*rows: tuple) -> pd.DataFrame:
    """Rows of (customer, moment[, what])."""
    return table("customer_id at what", *[(*r, *("buy",)[len(r) - 2 :]) for r in rows], dates=("at",))


def applications(*rows: tuple) -> pd.DataFrame:
    """Rows of (application, customer, day, last day)."""
    return table("application_id customer_id applied_at ends", *rows, dates=("applied_at", "ends"))


def test_fixed_cutoffs_are_asked_in_their_order() -> None:
    for cutoffs in (
        "[2025-06-01, 2025-03-01]",
        "{at: [2025-03-01, 2025-06-01]}",
        "{every: 3mo, from: 2025-03-01, to: 2025-06-01}",
    ):
        answer = ask(
            f"x: {{kind: conversion, cutoffs: {cutoffs}, outcome: {{any_in: events, within: 30d}}}}",
            events=events((1, "2025-02-01"), (1, "2025-06-30")),
        )
        assert answer.labels == {(1, "2025-03-01"): 0, (1, "2025-06-01"): 1}


def test_an_outcome_with_both_ends_stops_at_whichever_comes_first() -> None:
    text = """
    x:
      kind: response
      row: {each: applications, key: [customer_id, application_id], cutoff: applied_at}
      outcome: {any_in: events, within: 10d, until: applications.ends}
    """
    answer = ask(
        text,
        applications=applications(
            (1, 1, "2025-03-01", "2025-03-05"),
            (2, 2, "2025-03-01", "2025-03-31"),
            (3, 3, "2025-03-01", "2025-03-05"),
        ),
        events=events((1, "2025-03-06"), (2, "2025-03-10"), (3, "2025-03-05 23:00")),
    )
    assert list(answer.labels.values()) == [0, 1, 1]
    assert answer.found.rows["_outcome_known"].dt.day.tolist() == [6, 11, 6]


def test_at_least_and_fewer_than_count_rows() -> None:
    rows = events(
        (1, "2025-02-01"),
        (2, "2025-02-01"),
        (1, "2025-03-01"),
        (1, "2025-03-02"),
        (2, "2025-03-01"),
        (2, "2025-03-31"),
    )
    often = (
        "x: {kind: conversion, cutoffs: [2025-03-01], outcome: {any_in: events, at_least: 2, within: 30d}}"
    )
    rarely = "x: {kind: churn, cutoffs: [2025-03-01], outcome: {none_in: events, fewer_than: 2, within: 30d}}"
    assert ask(often, events=rows).labels == {(1, "2025-03-01"): 1, (2, "2025-03-01"): 0}
    assert ask(rarely, events=rows).labels == {(1, "2025-03-01"): 0, (2, "2025-03-01"): 1}


def test_among_responders_the_first_answer_is_the_cutoff() -> None:
    text = """
    x:
      kind: conversion
      row: {each: applications, key: [customer_id, application_id], cutoff: applied_at, responded: {any_in: events, where: "what = 'click'", until: applications.ends}}
      outcome: {any_in: events, where: "what = 'buy'", within: 10d}
    """
    answer = ask(
        text,
        applications=applications((1, 1, "2025-03-01", "2025-03-20"), (2, 2, "2025-03-01", "2025-03-20"), (3, 3, "2025-03-01", "2025-03-20")),
        events=events(
            (1, "2025-03-04", "click"), (1, "2025-03-05", "click"), (1, "2025-03-13 23:00"),
            (2, "2025-03-20 12:00", "click"), (2, "2025-03-30 12:00"),
            (3, "2025-03-21", "click"), (3, "2025-03-22"),
        ),
    )  # fmt: skip
    assert answer.labels == {(1, 1, "2025-03-04"): 1, (2, 2, "2025-03-20"): 0}
    assert answer.left_out == {"not_responded": 1}


def test_first_timers_are_those_with_none_before_and_every_condition_must_hold() -> None:
    text = """
    x:
      kind: conversion
      cutoffs: [2025-03-01]
      eligible: [{any_in: events, where: "what = 'visit'", within: 60d}, {none_in: events, where: "what = 'buy'", within: all}]
      exclude: [{any_in: events, where: "what = 'staff'", reason: staff}, {any_in: events, where: "what = 'dead'", reason: deceased}]
      outcome: {any_in: events, where: "what = 'buy'", within: 30d}
    """
    answer = ask(
        text,
        events=events(
            (1, "2025-02-01", "visit"), (1, "2025-03-10"),
            (2, "2025-02-01", "visit"), (2, "2024-02-01"),
            (3, "2024-12-01", "visit"),
            (4, "2025-02-01", "visit"), (4, "2025-02-02", "staff"), (4, "2025-02-02", "dead"),
            (5, "2025-02-01", "visit"), (5, "2025-02-02", "dead"),
            (6, "2025-02-01", "visit"),
        ),
    )  # fmt: skip
    assert answer.labels == {(1, "2025-03-01"): 1, (6, "2025-03-01"): 0}
    assert answer.left_out == {"not_eligible": 2, "excluded: staff": 1, "excluded: deceased": 1}


def test_each_event_is_a_cutoff_that_does_not_know_itself_and_a_period_may_have_one() -> None:
    logins = events(
        (1, "2025-03-01 08:00", "login"), (1, "2025-03-01 08:00", "login"), (1, "2025-03-20", "login"), (1, "2025-04-02", "login"),
        (2, "2025-03-31 23:59", "login"), (1, "2025-03-21"),
    )  # fmt: skip
    text = "x: {kind: conversion, per_event: {in: events, where: \"what = 'login'\" MORE}, outcome: {any_in: events, where: \"what = 'buy'\", within: 7d} ONE}"
    every = text.replace(" MORE", "").replace(" ONE", "")
    answer = ask(every, events=logins)
    assert answer.labels == {
        (1, "2025-03-01"): 0,
        (1, "2025-03-20"): 1,
        (1, "2025-04-02"): 0,
        (2, "2025-03-31"): 0,
    }
    first = ask(text.replace(" MORE", ", first_per: 1mo").replace(" ONE", ""), events=logins)
    assert first.labels == {(1, "2025-03-01"): 0, (1, "2025-04-02"): 0, (2, "2025-03-31"): 0}
    assert first.left_out == {"another_of_the_period": 1}
    last = ask(
        text.replace(" MORE", "").replace(" ONE", ", one_per: {period: 1mo, choose: last}"), events=logins
    )
    assert last.labels == {(1, "2025-03-20"): 1, (1, "2025-04-02"): 0, (2, "2025-03-31"): 0}
    assert scored(every, "2025-03-20", events=logins)["customer_id"].tolist() == [1]
    with pytest.raises(
        WorkbenchError, match="no event of 'events' happened on 2025-03-25.*2025-03-20, 2025-03-31"
    ):
        scored(every, "2025-03-25", events=logins)


def test_a_random_row_of_a_period_is_the_same_in_every_order_of_the_source() -> None:
    rows = events(*[(c, f"2025-03-{d:02d}", "login") for c in range(1, 40) for d in (3, 11, 19)])
    text = "x: {kind: conversion, per_event: {in: events}, one_per: {period: 1mo, choose: random}, outcome: {any_in: events, within: 7d}}"
    chosen = ask(text, events=rows).labels
    assert chosen == ask(text, events=rows.sample(frac=1, random_state=1)).labels
    assert len(chosen) == 39
    assert {day for _, day in chosen} == {"2025-03-03", "2025-03-11", "2025-03-19"}


def test_rows_that_touch_an_excluded_period_go_and_are_counted_by_reason() -> None:
    text = """
    x:
      kind: churn
      cutoffs: [2025-02-01, 2025-03-01, 2025-03-11, 2025-04-01]
      exclude_periods: [{from: 2025-03-11, to: 2025-03-20, reason: system outage}]
      outcome: {none_in: events, within: 10d}
    """
    answer = ask(text, events=events((1, "2025-01-15")))
    assert answer.labels == {(1, "2025-02-01"): 1, (1, "2025-03-01"): 1, (1, "2025-04-01"): 1}
    assert answer.left_out == {"period: system outage": 1}


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("kind: churn, cutoffs: [], outcome: {none_in: events, within: 10d}", "WB-L03", "no cutoff"),
        ("kind: churn, cutoffs: [2025-02-01, 2025-02-01], outcome: {none_in: events, within: 10d}", "WB-L03", "twice"),
        ("kind: churn, cutoffs: [soon], outcome: {none_in: events, within: 10d}", "WB-L03", "not a date"),
        ("kind: churn, cutoffs: [2035-02-01], outcome: {none_in: events, within: 10d}", "WB-L12", "outside the data"),
        ("kind: churn, cutoffs: [2015-02-01], outcome: {none_in: events, within: 10d}", "WB-L12", "outside the data"),
        ("kind: churn, cutoffs: [2025-02-01], outcome: {none_in: events, within: 9y}", "WB-L11", "longer than the data"),
        ("kind: churn, cutoffs: [2025-02-01], outcome: {none_in: events}", "WB-L01", "needs an end"),
        ("kind: churn, cutoffs: [2025-02-01], outcome: {none_in: events, at_least: 2, within: 9d}", "WB-L01", "fewer_than"),
        ("kind: churn, cutoffs: [2025-02-01], outcome: {none_in: events, fewer_than: 0, within: 9d}", "WB-L01", "1 or more"),
        ("kind: churn, cutoffs: [2025-02-01], eligible: [], outcome: {none_in: events, within: 9d}", "WB-L01", "empty"),
        ("kind: churn, cutoffs: [2025-02-01], exclude: [{any_in: events}], outcome: {none_in: events, within: 9d}", "WB-L01", "reason"),
        ("kind: churn, cutoffs: [2025-02-01], exclude_periods: [{from: 2025-02-02, to: 2025-02-01, reason: x}], outcome: {none_in: events, within: 9d}", "WB-L03", "no day"),
        ("kind: churn, cutoffs: [2025-02-01], one_per: {period: 1mo, choose: best}, outcome: {none_in: events, within: 9d}", "WB-L01", "Known: first, last, random"),
        ("kind: churn, cutoffs: [2025-02-01], per_event: {in: events}, outcome: {none_in: events, within: 9d}", "WB-L01", "per_event"),
        ("kind: churn, per_event: {in: events, first_per: 1mo}, one_per: 1mo, outcome: {none_in: events, within: 9d}", "WB-L01", "twice"),
        ("kind: churn, cutoffs: [2025-02-01], row: {each: loans, key: [customer_id], cutoff: granted_at}, outcome: {none_in: events, within: 9d}", "WB-L01", "contradict"),
        ("kind: churn, cutoffs: [2025-02-01], outcome: {overdue_in: repayments, bad: 90}", "WB-L01", "kind: risk"),
        ("kind: risk, cutoffs: [2025-02-01], outcome: {overdue_in: repayments, days_past_due: dpd, bad: 90, within: 6mo}", "WB-L19", "loan: loan_id"),
        ("template: early_warnign", "WB-L15", "Did you mean 'early_warning'"),
        ("template: early_warning, outcome: {overdue_in: instalments}", "WB-L15", "needs the table 'instalments'"),
    ],
)  # fmt: skip
def test_what_cannot_hold_is_refused_with_a_mend(text: str, code: str, words: str) -> None:
    with pytest.raises(WorkbenchError, match=words) as caught:
        ask(f"x: {{{text}}}", events=events((1, "2025-01-15"), (1, "2025-03-15")))
    assert caught.value.code == code and caught.value.hint


def test_a_template_without_a_period_of_observation_asks_for_cutoffs() -> None:
    with pytest.raises(WorkbenchError, match="WB-L15.*observed_from"):
        defined("x: {template: early_warning}", lender(since=None))
    with pytest.raises(WorkbenchError, match="WB-L11.*longer than the data"):
        defined("x: {template: early_warning}", lender(since="2026-07-01"))
