"""One label, three engines, equal rows: who is asked, what came out, and what the workshop counts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pandas as pd
import pytest

from tests.labels import oracle
from tests.labels.lending import (
    Answer,
    defined,
    instalments,
    lender,
    loaded,
    loans,
    statements,
    table,
)
from tests.labels.test_oracle import GRANTED, OWNERS, TREATMENT
from workbench.labels.compile import training_rows
from workbench.labels.workshop import workshop
from workbench.tables.engine import Engine

STATED = """
x:
  kind: risk
  row: {each: loans, key: [customer_id, loan_id], cutoff: granted_at}
  outcome: {overdue_in: repayments, days_past_due: days_past_due, bad: 90, indeterminate: 30, within: 6mo,
    smallest_amount: {column: amount_overdue, least: 100}, cures: {ignore_within: 31d}, status: status, settled_early: excluded}
"""
COUNTED = """
x:
  kind: risk
  row: {each: loans, key: [customer_id, loan_id], cutoff: granted_at}
  outcome: {overdue_in: repayments, days_past_due: {due: due_date, paid: paid_date, count_from: due_date}, bad: 90, indeterminate: 30, within: 6mo}
"""
OFTEN = "x: {kind: conversion, cutoffs: [2025-02-01, 2025-02-11, 2025-03-03], eligible: {any_in: events, within: 30d}, outcome: {any_in: events, at_least: 2, within: 10d, gap: 3d, lag: 1d}}"
RESPONDERS = """
x:
  kind: conversion
  row: {each: applications, key: [customer_id, application_id], cutoff: applied_at, responded: {any_in: events, within: 1mo}}
  outcome: {any_in: events, within: 10d, until: applications.ends, gap: 1d}
"""
CASES = {"stated": STATED, "at_month": STATED.replace("within: 6mo", "measure: {at_month: 6}"), "counted": COUNTED, "often": OFTEN, "responders": RESPONDERS}  # fmt: skip
_DICE = random.Random(5)


def _statements() -> list[oracle.Statement]:
    rows = []
    for loan, at in GRANTED.items():
        for month in range(9):
            days, status = (
                _DICE.choice([0] * 20 + [5, 29, 30, 89, 90, 130]),
                _DICE.choice(["current"] * 60 + [*TREATMENT]),
            )
            moment = at + timedelta(days=30 * month + 1, hours=_DICE.choice([0, 7]))
            rows.append(oracle.Statement(loan, moment, days, _DICE.choice([99.0, 500.0, 500.0]), status))
    return rows


def _instalments() -> list[oracle.Instalment]:
    waits = [0, 5, 31, 40, 0, 91, None, 89]
    rows = []
    for n, (loan, at) in enumerate(GRANTED.items()):
        for month in range(5):
            due, wait = (
                at.date() + timedelta(days=30 * month),
                _DICE.choice(waits[: 2 + 3 * (n % 3)]),
            )  # some pay on time, some late, some never
            rows.append(oracle.Instalment(loan, due, None if wait is None else due + timedelta(days=wait)))
    return rows


STATEMENTS, INSTALMENTS = _statements(), _instalments()
EVENTS = [
    (_DICE.randint(1, 9), datetime(2025, 1, 15) + timedelta(hours=6 * _DICE.randint(0, 300)))
    for _ in range(90)
]


def _loaded(case: str) -> Engine:
    granted = loans(*[(loan, OWNERS[loan], str(at)) for loan, at in GRANTED.items()])
    if case in ("stated", "at_month"):
        rows = statements(
            *[(r.loan, OWNERS[r.loan], str(r.at), r.days, r.status, r.amount) for r in STATEMENTS]
        )
        return loaded(lender(), loans=granted, repayments=rows)
    if case == "counted":
        rows = instalments(
            *[
                (r.loan, OWNERS[r.loan], n, str(r.due), r.paid and str(r.paid))
                for n, r in enumerate(INSTALMENTS)
            ]
        )
        return loaded(lender(), loans=granted, repayments=rows)
    events = table("customer_id at", *EVENTS, dates=("at",))
    asked = table(
        "application_id customer_id applied_at ends",
        *[(n, n, "2025-02-10", "2025-03-15") for n in range(1, 10)],
        dates=("applied_at", "ends"),
    )
    return loaded(lender(), events=events, applications=asked)


class Answers:
    """What a case gives on the engine that is set, computed once when first asked for."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._labels: dict[str, tuple[dict, dict[str, int]]] = {}

    def labels(self, case: str) -> tuple[dict, dict[str, int]]:
        if case not in self._labels:
            with _loaded(case) as engine:
                assert engine.database.kind == self.kind
                answer = Answer(training_rows(engine, defined(CASES[case], engine.tables)))
                self._labels[case] = answer.labels, answer.left_out
        return self._labels[case]

    def frames(self, case: str) -> dict[str, pd.DataFrame]:
        with _loaded(case) as engine:
            assert engine.database.kind == self.kind
            return workshop(engine, defined(CASES[case], engine.tables)).frames


_CACHE: dict[str, Answers] = {}


@pytest.fixture
def answers(engine_kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Answers:
    if engine_kind == "postgres":
        server = request.getfixturevalue("postgresql_server")
        monkeypatch.setenv("WORKBENCH_DATABASE_LENDER", f"{server}/postgres")
    return _CACHE.setdefault(engine_kind, Answers(engine_kind))


@pytest.mark.parametrize("case", ["stated", "at_month"])
def test_statements_give_the_same_labels_on_every_engine(case: str, answers: Answers) -> None:
    terms = oracle.Terms(at_month=case == "at_month", cure_days=31, least=100.0)
    classes = {loan: oracle.of_statements(terms, at, [r for r in STATEMENTS if r.loan == loan], TREATMENT) for loan, at in GRANTED.items()}  # fmt: skip
    labels, left_out = answers.labels(case)
    assert {loan: label for (_, loan, _), label in labels.items()} == {
        k: int(c == "bad") for k, c in classes.items() if c in ("good", "bad")
    }
    assert left_out.get("indeterminate", 0) == list(classes.values()).count("indeterminate")
    assert len(set(classes.values())) >= (2 if case == "at_month" else 3)


def test_counted_days_give_the_same_labels_on_every_engine(answers: Answers) -> None:
    terms = oracle.Terms(count_from_due=True)
    classes = {loan: oracle.of_instalments(terms, at, [r for r in INSTALMENTS if r.loan == loan]) for loan, at in GRANTED.items()}  # fmt: skip
    labels, _ = answers.labels("counted")
    assert {loan: label for (_, loan, _), label in labels.items()} == {
        k: int(c == "bad") for k, c in classes.items() if c in ("good", "bad")
    }
    assert len(set(classes.values())) >= 2


def test_events_give_the_same_labels_on_every_engine(answers: Answers) -> None:
    cutoffs = (datetime(2025, 2, 1), datetime(2025, 2, 11), datetime(2025, 3, 3))
    asked = oracle.Asked(cutoffs, datetime(2026, 12, 31), datetime(2024, 1, 1), gap=3, at_least=2)
    labels, _ = answers.labels("often")
    assert {
        (who, datetime.fromisoformat(at)): label for (who, at), label in labels.items()
    } == oracle.of_events(asked, EVENTS)


def test_the_first_answer_is_the_cutoff_on_every_engine(answers: Answers) -> None:
    start, last = datetime(2025, 2, 10), datetime(2025, 3, 16)
    expected = {}
    for who in range(1, 10):
        inside = sorted(at for w, at in EVENTS if w == who and start <= at < datetime(2025, 3, 10))
        if inside:
            first = inside[0]
            end = min(first + timedelta(days=11), last)
            hit = any(w == who and first + timedelta(days=1) <= at < end for w, at in EVENTS)
            expected[who, who, f"{first:%Y-%m-%d}"] = int(hit)
    assert answers.labels("responders")[0] == expected


@pytest.mark.parametrize("case", ["counted", "stated"])
def test_the_workshop_counts_the_same_on_every_engine(
    case: str, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answers.frames(case)
    monkeypatch.setenv("WORKBENCH_ENGINE", "duckdb")
    expected = Answers("duckdb").frames(case)
    assert found.keys() == expected.keys()
    for name, frame in found.items():
        pd.testing.assert_frame_equal(frame, expected[name], check_dtype=False)
