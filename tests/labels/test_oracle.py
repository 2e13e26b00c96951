"""Each kind of label against a slow reading of it, on histories full of ties and boundary moments."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.labels import oracle
from tests.labels.lending import (
    Answer,
    ask,
    defined,
    instalments,
    lender,
    loaded,
    loans,
    scored,
    statements,
    table,
)
from workbench.errors import DataError
from workbench.features.columns import CUTOFF_AT
from workbench.labels.arrears import CLASS, classes
from workbench.labels.compile import LABEL, mature_rows, training_rows

CUTOFFS = (datetime(2025, 2, 1), datetime(2025, 2, 11), datetime(2025, 3, 3))
TICK = timedelta(microseconds=1)
_GRANTS = (datetime(2025, 1, 31), datetime(2025, 1, 31), datetime(2025, 2, 14, 10, 30))
GRANTED = {f"l{n:02d}": _GRANTS[n % 3] for n in range(12)}
OWNERS = {loan: n // 2 for n, loan in enumerate(GRANTED)}  # two loans each
TREATMENT = {"written_off": "bad", "settled_early": "excluded", "restructured": "indeterminate"}

# every edge of every window, a tick before and after it, and a few quiet moments between
_edges = sorted({c + timedelta(days=d) for c in CUTOFFS for d in (-30, -1, 0, 3, 10, 13)})
moments = st.sampled_from([e + t for e in _edges for t in (-TICK, timedelta(0), TICK)])
histories = st.lists(st.tuples(st.integers(1, 4), moments), min_size=1, max_size=25)


def _labels(answer: Answer, entity: str = "customer_id") -> dict[tuple[int, datetime], int]:
    rows = answer.found.rows
    return {
        (int(who), at.to_pydatetime()): int(label)
        for who, at, label in zip(rows[entity], rows[CUTOFF_AT], rows[LABEL], strict=True)
    }


@given(
    events=histories,
    wants_any=st.booleans(),
    at_least=st.integers(1, 3),
    gap=st.sampled_from([0, 3]),
    lag=st.sampled_from([0, 1]),
    until=st.sampled_from([datetime(2025, 3, 13), datetime(2025, 3, 14), datetime(2025, 3, 20)]),
    shuffled=st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_events(events, wants_any, at_least, gap, lag, until, shuffled) -> None:
    """Response, conversion, churn and falling activity differ in words only; the order of rows decides nothing."""
    asked = oracle.Asked(
        CUTOFFS, until, datetime(2025, 1, 2), gap=gap, lag=lag, at_least=at_least, wants_any=wants_any
    )
    condition = (
        f"any_in: events, at_least: {at_least}" if wants_any else f"none_in: events, fewer_than: {at_least}"
    )
    text = (
        f"x: {{kind: churn, cutoffs: [2025-02-01, 2025-02-11, 2025-03-03], eligible: {{any_in: events, within: 30d}}, "
        f"outcome: {{{condition}, within: 10d, gap: {gap}d, lag: {lag}d}}}}"
    )
    expected = oracle.of_events(asked, events)
    tables = lender(until=until.isoformat(), since="2025-01-02")
    shuffled.shuffle(events)
    rows = table("customer_id at", *events, dates=("at",))
    if not expected:
        with pytest.raises(DataError, match="WB-L05|WB-L11|WB-L12"):
            ask(text, tables=tables, events=rows)
        return
    assert _labels(ask(text, tables=tables, events=rows)) == expected


statement_moments = st.sampled_from(
    [g + timedelta(days=d) + t for g in sorted(set(_GRANTS)) for d in (0, 28, 59, 89, 150, 178, 181, 199) for t in (-TICK, timedelta(0))]
    + [datetime(2025, 7, 31), datetime(2025, 7, 31) - TICK, datetime(2025, 8, 14, 10, 30), datetime(2025, 8, 14, 10, 30) - TICK]
)  # fmt: skip
histories_of_loans = st.lists(
    st.builds(
        oracle.Statement,
        loan=st.sampled_from(sorted(GRANTED)),
        at=statement_moments,
        days=st.sampled_from([0, 0, 1, 29, 30, 89, 90, 120]),
        amount=st.sampled_from([99.0, 100.0, 500.0]),
        status=st.sampled_from(["current", "current", "late", *TREATMENT]),
    ),
    max_size=60,
)
terms_of_statements = st.builds(
    oracle.Terms,
    indeterminate=st.sampled_from([None, 30]),
    at_month=st.booleans(),
    cure_days=st.sampled_from([None, 30, 61]),
    least=st.sampled_from([0.0, 100.0]),
)


def _risk(terms: oracle.Terms, days: str, more: str = "") -> str:
    outcome = [f"days_past_due: {days}", f"bad: {terms.bad}"]
    outcome += [f"indeterminate: {terms.indeterminate}"] if terms.indeterminate else []
    outcome += [f"measure: {{at_month: {terms.months}}}" if terms.at_month else f"within: {terms.months}mo"]
    outcome += [f"cures: {{ignore_within: {terms.cure_days}d}}"] if terms.cure_days else []
    outcome += [f"smallest_amount: {{column: amount_overdue, least: {terms.least}}}"] if terms.least else []
    return (
        "x: {kind: risk, row: {each: loans, key: [customer_id, loan_id], cutoff: granted_at}, "
        f"outcome: {{overdue_in: repayments, {', '.join(outcome)}{more}}}}}"
    )


def _classes(text: str, repayments: pd.DataFrame) -> dict[str, str]:
    granted = loans(*[(loan, OWNERS[loan], str(at)) for loan, at in GRANTED.items()])
    with loaded(lender(), loans=granted, repayments=repayments) as engine:
        label = defined(text, engine.tables)
        rows = mature_rows(engine, label, until=datetime(2026, 12, 31)).rows
        rows[CLASS] = classes(engine, label.outcome, rows, "x")  # ty: ignore[invalid-argument-type]
        try:
            taught = training_rows(engine, label)
        except DataError as error:
            assert error.code == "WB-L05" and not rows[CLASS].isin(["good", "bad"]).any()
        else:
            labels = dict(zip(taught.rows["loan_id"], taught.rows[LABEL], strict=True))
            assert labels == {
                r.loan_id: int(r._4 == "bad")
                for r in rows[["loan_id", "customer_id", CUTOFF_AT, CLASS]].itertuples()
                if r._4 in ("good", "bad")
            }
            assert taught.counts.get("indeterminate", 0) == (rows[CLASS] == "indeterminate").sum()
    return dict(zip(rows["loan_id"], rows[CLASS], strict=True))


_SPECIAL = ", status: {column: status, written_off: written_off, settled_early: settled_early, restructured: restructured}, settled_early: excluded"
_WITNESS = [oracle.Statement("z", datetime(2020, 1, 1), 0, status=s) for s in TREATMENT]  # each status occurs


def _as_statements(rows: list[oracle.Statement]) -> pd.DataFrame:
    return statements(
        *[(r.loan, OWNERS.get(r.loan, 99), str(r.at), r.days, r.status, r.amount) for r in [*rows, *_WITNESS]]
    )


@given(rows=histories_of_loans, terms=terms_of_statements)
@settings(max_examples=15, deadline=None)
def test_statements(rows, terms) -> None:
    expected = {}
    for loan, at in GRANTED.items():
        own = [r for r in rows if r.loan == loan]
        if not oracle.bad_before(terms, at, own, TREATMENT):
            expected[loan] = oracle.of_statements(terms, at, own, TREATMENT)
    assert _classes(_risk(terms, "days_past_due", _SPECIAL), _as_statements(rows)) == expected


due_days = st.sampled_from(
    [date(2025, 1, 31) + timedelta(days=d) for d in (0, 1, 28, 89, 90, 91, 120, 150, 151, 180, 181)]
)
plans = st.lists(
    st.builds(
        lambda loan, due, wait: oracle.Instalment(
            loan, due, None if wait is None else due + timedelta(days=wait)
        ),
        st.sampled_from(sorted(GRANTED)),
        due_days,
        st.sampled_from([None, -3, 0, 1, 29, 30, 31, 60, 89, 90, 91, 119, 120, 121]),
    ),
    max_size=40,
)


@given(
    rows=plans,
    terms=st.builds(
        oracle.Terms,
        bad=st.sampled_from([60, 90]),
        indeterminate=st.sampled_from([None, 30]),
        at_month=st.booleans(),
        cure_days=st.sampled_from([None, 30]),
        count_from_due=st.booleans(),
    ),
)
@settings(max_examples=15, deadline=None)
def test_instalments(rows, terms) -> None:
    rule = "due_date" if terms.count_from_due else "day_after"
    given_rows = instalments(
        *[(r.loan, OWNERS[r.loan], n, str(r.due), r.paid and str(r.paid)) for n, r in enumerate(rows)],
        ("z", 99, 1, "2020-01-01", "2020-01-01"),
    )
    expected = {
        loan: oracle.of_instalments(terms, at, [r for r in rows if r.loan == loan])
        for loan, at in GRANTED.items()
    }
    text = _risk(terms, f"{{due: due_date, paid: paid_date, count_from: {rule}}}")
    assert _classes(text, given_rows) == expected


_RANK = {"good": 0, "indeterminate": 1, "bad": 2}


@given(rows=histories_of_loans, cure=st.sampled_from([None, 30]))
@settings(max_examples=12, deadline=None)
def test_worst_ever_is_never_better_than_the_state_at_a_month(rows, cure) -> None:
    statuses = _SPECIAL.replace("excluded", "good")
    worst, at_end = (
        _classes(
            _risk(oracle.Terms(at_month=at, cure_days=cure), "days_past_due", statuses), _as_statements(rows)
        )
        for at in (False, True)
    )
    assert worst.keys() == at_end.keys()
    for loan in worst:
        assert worst[loan] == at_end[loan] or _RANK[worst[loan]] >= _RANK[at_end[loan]]


@given(rows=histories_of_loans)
@settings(max_examples=12, deadline=None)
def test_a_customer_at_a_cutoff_is_the_worst_of_the_loans_and_who_is_bad_already_is_not_asked(rows) -> None:
    """And whoever came out indeterminate is scored all the same: scoring asks everybody whom the label asks."""
    cutoff = datetime(2025, 4, 30)
    text = (
        "x: {kind: risk, cutoffs: [2025-04-30], outcome: {overdue_in: repayments, loan: loan_id, "
        f"days_past_due: days_past_due, bad: 90, indeterminate: 30, within: 3mo{_SPECIAL}}}}}"
    )
    expected: dict[int, str] = {}
    asked: set[int] = set()
    for owner in set(OWNERS.values()):
        own = [r for r in rows if OWNERS[r.loan] == owner]
        if not any(r.at < cutoff for r in own):
            continue
        if oracle.bad_before(oracle.Terms(), cutoff, own, TREATMENT):
            continue
        if any(r.at + timedelta(days=1) < cutoff for r in own):
            asked.add(owner)
        expected[owner] = oracle.of_statements(oracle.Terms(months=3), cutoff, own, TREATMENT)
    given_rows = _as_statements(rows)
    clear = {owner: int(c == "bad") for owner, c in expected.items() if c in ("good", "bad")}
    # the witness of each status, customer 99, is written off long ago
    if clear:
        answer = ask(text, repayments=given_rows)
        assert {who: label for (who, _), label in answer.labels.items()} == clear
        assert answer.left_out.get("indeterminate", 0) == list(expected.values()).count("indeterminate")
    if asked:
        assert set(scored(text, "2025-04-30", repayments=given_rows)["customer_id"]) == asked
