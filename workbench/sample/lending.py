"""Applications, loans and repayments as tables, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.sample.credit import (
    APPROVED,
    BAD,
    DECISIONS,
    GRACE,
    HORIZON,
    OVERRIDDEN_LOW,
    PURPOSES,
    REASONS,
    RESTRUCTURED,
    STATUS_WRITTEN_OFF,
    STATUSES,
    Applications,
    Statements,
    apply_for_loans,
    repay,
    settle_decisions,
    true_pd,
    went_bad,
)
from workbench.sample.dirt import DAY, late, twice
from workbench.sample.life import Life
from workbench.sample.rows import Rows, Words, pick
from workbench.sample.traits import People
from workbench.sample.world import World


@dataclass(frozen=True)
class Lent:
    applications: Rows
    loans: Rows
    repayments: Rows
    truth_applications: Rows
    truth_loans: Rows


def lending_tables(world: World, people: People, life: Life, rng: np.random.Generator) -> Lent:
    """What the chunk borrowed and paid back, as known at the end of the period; the truth also about the declined."""
    asked = apply_for_loans(world, people, life, rng)
    statements = repay(world, people, life, asked, rng)
    decision, reason = settle_decisions(asked, statements)
    n, end, end_second = len(asked.who), world.plan.end, world.end
    begun = np.searchsorted(asked.who, np.arange(len(people)))
    nth = np.arange(n) - begun[asked.who]
    numbers = np.char.add(
        np.char.zfill(people.numbers[asked.who].astype("U7"), 7), np.char.zfill((nth + 1).astype("U2"), 2)
    )
    application_ids, loan_ids = pa.array(np.char.add("P", numbers)), pa.array(np.char.add("L", numbers))
    undecided = asked.decided >= end_second
    known = asked.at < end_second
    applications: Rows = {
        "_who": asked.who,
        "application_id": application_ids,
        "customer_id": Words(asked.who, people.ids),
        "applied_at": asked.at,
        "amount": asked.amount,
        "term_months": asked.term,
        "purpose": Words.of(np.where(asked.purpose == len(PURPOSES) - 1, -1, asked.purpose), PURPOSES),
        "bureau_score": asked.bureau,
        "bureau_inquiries_6m": asked.inquiries,
        "bureau_open_loans": asked.other_loans,
        "bureau_debt_share": np.where(np.isnan(asked.bureau), np.nan, asked.debt_share),
        "bureau_as_of": (asked.at // DAY - rng.integers(0, 20, n)).astype("datetime64[D]"),
        "decision": Words.of(np.where(undecided, -1, decision), DECISIONS),
        "decided_at": np.where(undecided, np.datetime64("NaT"), asked.decided.astype("datetime64[s]")),
        "score_at_decision": np.where(undecided, np.nan, asked.score),
        "reason": Words.of(np.where(undecided | (reason == 0), -1, reason), REASONS),
    }
    granted = ((decision == APPROVED) | (decision == OVERRIDDEN_LOW)) & (asked.granted < end)
    ends = {
        name: np.full(n, np.datetime64("NaT", "D")) for name in ("settled", "written_off", "restructured")
    }
    statement_day = statements.due + GRACE
    over = (statements.step >= asked.term[statements.loan]) & (statements.behind == 0) | (
        statements.status == STATUSES.index("settled_early")
    )
    for name, rows, days in (
        ("settled", over, np.where(np.isnat(statements.paid_day), statement_day, statements.paid_day)),
        ("written_off", statements.status == STATUS_WRITTEN_OFF, statement_day),
        ("restructured", statements.status == RESTRUCTURED, statement_day),
    ):
        ends[name][statements.loan[rows]] = days[rows]
        ends[name][ends[name] >= end] = np.datetime64("NaT")
    loans: Rows = {
        "_who": asked.who,
        "loan_id": loan_ids,
        "application_id": application_ids,
        "customer_id": Words(asked.who, people.ids),
        "granted_at": asked.granted,
        "amount": asked.amount,
        "term_months": asked.term,
        "rate": asked.rate,
        "restructured_at": ends["restructured"],
        "written_off_at": ends["written_off"],
        "settled_at": ends["settled"],
    }
    bad = went_bad(statements, n)
    worst = np.zeros(n, "int64")
    early = statements.step < HORIZON
    np.maximum.at(worst, statements.loan[early], statements.behind[early])
    truth: Rows = {
        "_who": asked.who,
        "application_id": application_ids,
        "customer_id": Words(asked.who, people.ids),
        "granted": granted,
        "pd_12m": asked.pd.astype("float32"),
        "would_go_bad": bad,
        "worst_behind_12m": worst,
    }
    return Lent(
        pick(applications, known),
        pick(loans, granted),
        _repayments(world, people, asked, statements, granted, loan_ids, rng),
        pick(truth, known),
        _risk(world, people, life, asked, statements, granted, loan_ids),
    )


def _repayments(
    world: World,
    people: People,
    asked: Applications,
    statements: Statements,
    granted: np.ndarray,
    loan_ids: pa.Array,
    rng: np.random.Generator,
) -> Rows:
    """Monthly statements of the granted loans."""
    loan, step = statements.loan, statements.step
    instalment, term = asked.instalment[loan], asked.term[loan]
    before, behind = statements.behind_before, statements.behind
    running = step <= term
    # after the last instalment no new one falls due: who is one more month behind does not owe one more instalment
    unpaid = np.maximum(behind - np.maximum(step - term, 0), behind > 0)
    unpaid_before = np.maximum(before - np.maximum(step - 1 - term, 0), before > 0)
    paid = np.where(
        np.isnat(statements.paid_day), 0.0, np.maximum(unpaid_before + running - unpaid, 0) * instalment
    )
    status = statements.status
    settled_early, eased = status == STATUSES.index("settled_early"), status == RESTRUCTURED
    paid = np.where(settled_early, instalment * (term - step + 1), np.where(eased, 0.0, paid))
    month = statements.due + GRACE
    oldest = step - behind + 1
    first = asked.granted[loan].astype("datetime64[M]")
    day = (statements.due - statements.due.astype("datetime64[M]").astype("datetime64[D]")).astype("int64")
    oldest_due = (first + oldest).astype("datetime64[D]") + day
    past_due = np.where(behind > 0, (month - oldest_due).astype("int64"), 0)
    known = (month.astype("int64") + 1) * DAY + 6 * 3600 + late(rng, len(loan), world.dirt.late_rows)
    rows: Rows = {
        "_who": asked.who[loan],
        "loan_id": Words(loan, loan_ids),
        "customer_id": Words(asked.who[loan], people.ids),
        "installment": step,
        "month": month,
        "due_date": statements.due,
        "due_amount": np.where(running, instalment, 0.0),
        "paid_date": _paid_on(world, asked, statements),
        "paid_amount": np.round(paid, 2),
        "amount_overdue": np.round(unpaid * instalment, 2),
        "days_past_due": past_due,
        "status": Words.of(status, STATUSES),
        "known_at": known,
    }
    rows = pick(rows, granted[loan] & (known < world.end))
    return pick(rows, twice(rng, len(np.asarray(rows["month"])), world.dirt.duplicate_rows))


def _paid_on(world: World, asked: Applications, statements: Statements) -> np.ndarray:
    """For each statement's instalment the day on which it was paid in full, perhaps much later; NaT while it is not."""
    # instalments are paid oldest first: after statement s those up to s - behind are paid, a number that never falls
    wide = 1_000
    paid_up_to = statements.loan * wide + statements.step - statements.behind
    by = np.searchsorted(paid_up_to, statements.loan * wide + statements.step)
    found = by < len(paid_up_to)
    by = np.minimum(by, len(paid_up_to) - 1) if len(paid_up_to) else by
    found &= statements.loan[by] == statements.loan
    found &= statements.status[by] != RESTRUCTURED  # forgiven, not paid
    day = np.where(found, statements.paid_day[by], np.datetime64("NaT"))
    return np.where(day < world.plan.end, day, np.datetime64("NaT"))


def _risk(
    world: World,
    people: People,
    life: Life,
    asked: Applications,
    statements: Statements,
    granted: np.ndarray,
    loan_ids: pa.Array,
) -> Rows:
    """Open loans at several days: how far behind they are, and the true probability of 90 days past due in the next 12 months."""
    parts: list[tuple[np.ndarray, ...]] = []
    for day in world.as_of:
        running = granted[statements.loan] & (statements.due + GRACE < day)
        last = np.full(len(asked.who), -1)
        last[statements.loan[running]] = np.flatnonzero(running)  # statements are in order of time
        loan = np.flatnonzero(last >= 0)
        now = last[loan]
        ended = np.isin(statements.status[now], (STATUSES.index("settled_early"), STATUS_WRITTEN_OFF))
        ended |= (statements.step[now] >= asked.term[loan]) & (statements.behind[now] == 0)
        loan, now = loan[~ended], now[~ended]
        month = int(world.months_in(day))
        who = asked.who[loan]
        pd = true_pd(
            world, {k: v[who] for k, v in people.x.items()}, shocked=life.shocked[who, month], month=np.full(len(loan), month),
            burden=asked.burden[loan], term=asked.term[loan], age=statements.step[now], behind_now=statements.behind[now],
            steps=HORIZON,
        )  # fmt: skip
        parts.append((loan, np.full(len(loan), day), statements.behind[now], pd))
    loan, days, behind, pd = (np.concatenate([p[k] for p in parts]) for k in range(4))
    order = np.lexsort((days, loan))
    loan = loan[order]
    return {
        "_who": asked.who[loan],
        "loan_id": Words(loan, loan_ids),
        "customer_id": Words(asked.who[loan], people.ids),
        "as_of": days[order],
        "instalments_behind": np.minimum(behind[order], BAD),
        "pd_12m": pd[order].astype("float32"),
    }
