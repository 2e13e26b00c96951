"""A slow reading of each kind of label, row by row and day by day; it shares no code with the workbench."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dateutil.relativedelta import relativedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """The label in the oracle's own words; spans are in days unless they say months."""

    cutoffs: tuple[datetime, ...]
    until: datetime
    since: datetime
    look_back: int = 30
    window: int = 10
    gap: int = 0
    lag: int = 0
    at_least: int = 1
    wants_any: bool = True


def of_events(asked: Asked, events: list[tuple[int, datetime]]) -> dict[tuple[int, datetime], int]:
    """(entity, cutoff) -> label of everyone with an event in the look-back whose outcome is known."""
    answer = {}
    for cutoff in asked.cutoffs:
        if cutoff - asked.look_back * DAY < asked.since:
            continue
        begin = cutoff + asked.gap * DAY
        end = begin + asked.window * DAY
        if end + asked.lag * DAY > asked.until:
            continue
        for who in {w for w, _ in events}:
            own = [at for w, at in events if w == who]
            if any(cutoff - asked.look_back * DAY <= at < cutoff for at in own):
                inside = sum(begin <= at < end for at in own)
                answer[who, cutoff] = int((inside >= asked.at_least) == asked.wants_any)
    return answer


@dataclass(frozen=True)
class Terms:
    bad: int = 90
    indeterminate: int | None = 30
    months: int = 6
    at_month: bool = False
    cure_days: int | None = None
    least: float = 0.0
    count_from_due: bool = False


@dataclass(frozen=True)
class Statement:
    loan: str
    at: datetime
    days: int
    amount: float = 1000.0
    status: str = "current"


@dataclass(frozen=True)
class Instalment:
    loan: str
    due: date
    paid: date | None


def of_statements(terms: Terms, begin: datetime, rows: list[Statement], treatment: dict[str, str]) -> str:
    """good, indeterminate, bad, no_statement, or the excluding status, of the loans that these statements are of."""
    end = begin + relativedelta(months=terms.months)
    days, statuses = [], set()
    for loan in {r.loan for r in rows}:
        moments = sorted({r.at for r in rows if r.loan == loan and begin <= r.at < end})
        for at in moments[-1:] if terms.at_month else moments:
            here = [r for r in rows if r.loan == loan and r.at == at]
            late = max(0 if r.amount < terms.least else r.days for r in here)
            statuses |= {r.status for r in here}
            if late >= terms.bad and terms.cure_days is not None and _cured(terms, loan, at, rows):
                late = -1  # forgiven
            days.append(late)
    if not days:
        return "no_statement"
    if max(days) >= terms.bad or any(treatment.get(s) == "bad" for s in statuses):
        return "bad"
    for status in sorted(statuses):
        if treatment.get(status) == "excluded":
            return status
    between = terms.indeterminate is not None and max(days) >= terms.indeterminate
    if between or min(days) < 0 or any(treatment.get(s) == "indeterminate" for s in statuses):
        return "indeterminate"
    return "good"


def _cured(terms: Terms, loan: str, bad_at: datetime, rows: list[Statement]) -> bool:
    assert terms.cure_days is not None
    for at in sorted(
        {r.at for r in rows if r.loan == loan and bad_at < r.at <= bad_at + terms.cure_days * DAY}
    ):
        if max(0 if r.amount < terms.least else r.days for r in rows if r.loan == loan and r.at == at) < 1:
            return True
    return False


def bad_before(terms: Terms, cutoff: datetime, rows: list[Statement], treatment: dict[str, str]) -> bool:
    """Whether any loan's latest statement that was known before the cutoff (a day after it) is bad."""
    known = [r for r in rows if r.at + DAY < cutoff]
    newest = [r for r in known if r.at == max(k.at for k in known if k.loan == r.loan)]
    late = [0 if r.amount < terms.least else r.days for r in newest]
    return any(d >= terms.bad for d in late) or any(treatment.get(r.status) == "bad" for r in newest)


def of_instalments(terms: Terms, begin: datetime, rows: list[Instalment]) -> str:
    """The same by walking through every day of the window and looking at who has paid."""
    end = begin + relativedelta(months=terms.months)
    days = [begin.date() + n * DAY for n in range((end.date() - begin.date()).days)]
    if not any(r.due <= days[-1] and (r.due >= days[0] or r.paid is None or r.paid >= days[0]) for r in rows):
        return "no_statement"
    worst = 0
    forgiven = False
    for day in days[-1:] if terms.at_month else days:
        for row in rows:
            late = late_on(row, day, count_from_due=terms.count_from_due)
            if late >= terms.bad and terms.cure_days is not None and row.paid is not None:
                turned = next(d for d in _days_after(row.due) if _reach(row, d, terms) == terms.bad)
                if (row.paid - turned).days <= terms.cure_days:
                    late, forgiven = 0, True
            worst = max(worst, late)
    if worst >= terms.bad:
        return "bad"
    between = terms.indeterminate is not None and worst >= terms.indeterminate
    return "indeterminate" if between or forgiven else "good"


def late_on(row: Instalment, day: date, *, count_from_due: bool) -> int:
    """Late on each day after the due date up to and including the day of payment."""
    if day <= row.due or (row.paid is not None and row.paid < day):
        return 0
    return (day - row.due).days + count_from_due


def _days_after(due: date):
    while True:
        due += DAY
        yield due


def _reach(row: Instalment, day: date, terms: Terms) -> int:
    return (day - row.due).days + terms.count_from_due
