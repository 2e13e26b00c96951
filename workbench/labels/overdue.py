"""A risk outcome: how far behind with payments a loan, or a customer over all loans, comes within a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from workbench.errors import DefinitionError, did_you_mean
from workbench.labels.conditions import events_table, positive, whole_number
from workbench.tables.durations import Duration
from workbench.tables.expression import columns_of
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import expect_known, expect_mapping, names

Treatment = Literal["good", "indeterminate", "bad", "excluded"]
TREATMENTS: tuple[Treatment, ...] = ("good", "indeterminate", "bad", "excluded")
CountFrom = Literal["day_after", "due_date"]
_COUNT_FROM: tuple[CountFrom, ...] = ("day_after", "due_date")
_SPECIAL: dict[str, Treatment] = {
    "settled_early": "good",
    "written_off": "bad",
    "restructured": "indeterminate",
}
_OVERDUE = (
    "overdue_in",
    "match",
    "loan",
    "where",
    "days_past_due",
    "bad",
    "indeterminate",
    "starts_below",
    "smallest_amount",
    "measure",
    "within",
    "gap",
    "lag",
    "cures",
    "status",
    *_SPECIAL,
)


@dataclass(frozen=True)
class CountedDays:
    """Days past due counted from instalments, one row each: those of the oldest unpaid one decide.

    An instalment is late on every day after its due date up to and including the day on which it is paid. `day_after`
    counts the day after the due date as day 1, `due_date` counts the due date itself as day 1.
    """

    due: str
    paid: str
    count_from: CountFrom = "day_after"

    @property
    def first(self) -> int:
        """Added to the difference of the dates."""
        return 1 if self.count_from == "due_date" else 0


@dataclass(frozen=True)
class SmallestAmount:
    """Arrears below `least` count as none; a missing amount is not held to be small."""

    column: str
    least: float


@dataclass(frozen=True)
class StatusRule:
    """A statement whose status is one of `values` makes its row good, indeterminate or bad, or excludes it."""

    name: str
    values: tuple[str, ...]
    treatment: Treatment


@dataclass(frozen=True)
class Status:
    """The column that says more than days past due do, and what each of its special values means."""

    column: str
    rules: tuple[StatusRule, ...]


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """Good, indeterminate or bad by days past due in a statement table (one row per loan and month, or instalment).

    `bad` days or more make a row bad, `indeterminate` or more (below bad) indeterminate. Either the worst state in
    the window counts, or with `at_month` the state at its end. A row that already stands at `starts_below` days or
    more at its cutoff, by what was known then, is not asked about.
    """

    table: str
    days: str | CountedDays
    bad: int
    within: Duration
    indeterminate: int | None = None
    starts_below: int
    match: tuple[str, ...] = ()
    loan: tuple[str, ...] = ()
    where: str | None = None
    smallest: SmallestAmount | None = None
    at_month: int | None = None
    gap: Duration = Duration(0)
    lag: Duration = Duration(0)
    ignore_cured_within: Duration | None = None
    status: Status | None = None
    until: None = None  # an arrears window ends by time alone

    def known_at(self, end: datetime) -> datetime:
        """When the outcome is known of a window that ends at `end`: whether a bad loan cures is seen later still."""
        cure = self.ignore_cured_within or Duration(0)
        return self.lag.after(cure.after(end))

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the statement table that the definition names."""
        days = (self.days,) if isinstance(self.days, str) else (self.days.due, self.days.paid)
        more = [self.smallest.column] if self.smallest else []
        return (*self.loan, *self.match, *days, *more, *([self.status.column] if self.status else []))


def parse_overdue(
    written: object, tables: TableSet, where: str, *, row_key: tuple[str, ...] | None
) -> Overdue:
    """The outcome of a risk label. `row_key` is the key of the label's own rows, None for a label of whole entities."""
    chosen = expect_mapping(written, where)
    expect_known(chosen, _OVERDUE, where)
    table = events_table(chosen["overdue_in"], tables, where)
    if chosen.get("where") is not None:
        columns_of(str(chosen["where"]), where)
    bad = _days(chosen, "bad", where)
    if bad is None:
        raise DefinitionError(
            "WB-L16",
            f"{where}: `bad:` is missing.",
            "Say from how many days past due on a row is bad: bad: 90.",
        )
    indeterminate = _days(chosen, "indeterminate", where)
    if indeterminate is not None and indeterminate >= bad:
        raise DefinitionError(
            "WB-L10",
            f"{where}: bad from {bad} days lies not above indeterminate from {indeterminate} days.",
            "Indeterminate is the part between good and bad: bad: 90, indeterminate: 30.",
        )
    starts_below = _days(chosen, "starts_below", where) or bad
    if starts_below > bad:
        raise DefinitionError(
            "WB-L10",
            f"{where}: `starts_below: {starts_below}` lets in rows that are bad ({bad} days) from the start.",
            f"Choose at most {bad}.",
        )
    match = names(chosen.get("match"), f"{where}, match")
    if not match and row_key is not None:
        match = tuple(k for k in row_key if k != tables.entity)
    at_month, within = _measure(chosen, where)
    return Overdue(
        table=table,
        days=_days_past_due(chosen, where),
        bad=bad,
        within=within,
        indeterminate=indeterminate,
        starts_below=starts_below,
        match=match,
        loan=_loan(chosen, match, table, where),
        where=None if chosen.get("where") is None else str(chosen["where"]),
        smallest=_smallest(chosen["smallest_amount"], f"{where}, smallest_amount")
        if "smallest_amount" in chosen
        else None,
        at_month=at_month,
        gap=Duration.parse(chosen.get("gap", "0d"), f"{where}, gap"),
        lag=Duration.parse(chosen.get("lag", "0d"), f"{where}, lag"),
        ignore_cured_within=_cures(chosen.get("cures", "count"), f"{where}, cures"),
        status=_status(chosen, where),
    )


def _days(chosen: dict[str, Any], name: str, where: str) -> int | None:
    return None if chosen.get(name) is None else whole_number(chosen[name], f"{where}: `{name}`", least=1)


def _days_past_due(chosen: dict[str, Any], where: str) -> str | CountedDays:
    written = chosen.get("days_past_due")
    if isinstance(written, str):
        return written
    if written is None:
        raise DefinitionError(
            "WB-L14",
            f"{where}: nothing says how many days a payment is overdue.",
            "Name the column (days_past_due: dpd), or have the days counted (days_past_due: {due: due_date, paid: paid_date}).",
        )
    counted = expect_mapping(written, f"{where}, days_past_due")
    expect_known(counted, ("due", "paid", "count_from"), f"{where}, days_past_due")
    if not isinstance(counted.get("due"), str) or not isinstance(counted.get("paid"), str):
        raise DefinitionError(
            "WB-L14",
            f"{where}, days_past_due: the columns with the due date and the day of payment are both needed.",
            "Write days_past_due: {due: due_date, paid: paid_date}.",
        )
    count_from = counted.get("count_from", CountedDays.count_from)
    if count_from not in _COUNT_FROM:
        raise DefinitionError(
            "WB-L16",
            f"{where}, days_past_due: `count_from` is {count_from!r}.",
            did_you_mean(str(count_from), _COUNT_FROM),
        )
    return CountedDays(counted["due"], counted["paid"], cast(CountFrom, count_from))


def _loan(chosen: dict[str, Any], match: tuple[str, ...], table: str, where: str) -> tuple[str, ...]:
    loan = names(chosen.get("loan"), f"{where}, loan") or match
    if not loan:
        raise DefinitionError(
            "WB-L19",
            f"{where}: a customer's arrears are the worst of all loans, but nothing says which rows of '{table}' are one loan.",
            "Name its column: loan: loan_id.",
        )
    return loan


def _smallest(written: object, where: str) -> SmallestAmount:
    chosen = expect_mapping(written, where)
    expect_known(chosen, ("column", "least"), where)
    least = chosen.get("least")
    if (
        not isinstance(chosen.get("column"), str)
        or isinstance(least, bool)
        or not isinstance(least, int | float)
        or not least > 0
    ):
        raise DefinitionError(
            "WB-L16",
            f"{where}: a column and an amount above 0 are needed.",
            "Write smallest_amount: {column: amount_overdue, least: 100}.",
        )
    return SmallestAmount(chosen["column"], float(least))


def _measure(chosen: dict[str, Any], where: str) -> tuple[int | None, Duration]:
    """(month on book or None for worst ever, length of the window)."""
    measure = chosen.get("measure", "worst_ever")
    within = None
    if chosen.get("within") is not None:
        within = positive(Duration.parse(chosen["within"], f"{where}, within"), f"{where}, within")
    if measure == "worst_ever":
        if within is None:
            raise DefinitionError(
                "WB-L01",
                f"{where}: an outcome needs an end.",
                "Write within: 12mo, or measure: {at_month: 12}.",
            )
        return None, within
    if not isinstance(measure, dict) or set(measure) != {"at_month"}:
        raise DefinitionError(
            "WB-L16",
            f"{where}: `measure` is {measure!r}.",
            "Allowed: worst_ever (the default), or {at_month: 12}: the state at that month on book.",
        )
    month = whole_number(measure["at_month"], f"{where}, measure: `at_month`", least=1)
    if within is not None and within not in (Duration(month, "mo"), Duration(month // 12, "y")):
        raise DefinitionError(
            "WB-L16",
            f"{where}: the state at month {month} and a window of {within} contradict each other.",
            f"Leave `within` out, or write within: {month}mo.",
        )
    return month, Duration(month, "mo")


def _cures(written: object, where: str) -> Duration | None:
    if written == "count":
        return None
    if isinstance(written, dict) and set(written) == {"ignore_within"}:
        span = Duration.parse(written["ignore_within"], f"{where}, ignore_within")
        if span.unit in ("d", "w"):
            return positive(span, f"{where}, ignore_within")
    raise DefinitionError(
        "WB-L16",
        f"{where} is {written!r}.",
        "Allowed: count (once bad stays bad, the default), or {ignore_within: 30d}: bad does not count if the loan is current again within that many days.",
    )


def _status(chosen: dict[str, Any], where: str) -> Status | None:
    written = chosen.get("status")
    given = [name for name in _SPECIAL if name in chosen]
    if written is None:
        if given:
            raise DefinitionError(
                "WB-L16",
                f"{where}: `{given[0]}:` needs to know which column holds the status.",
                "Add status: status, or status: {column: status, written_off: [WO, sold]}.",
            )
        return None
    settings = (
        {"column": written} if isinstance(written, str) else expect_mapping(written, f"{where}, status")
    )
    expect_known(settings, ("column", *_SPECIAL), f"{where}, status")
    if not isinstance(settings.get("column"), str):
        raise DefinitionError("WB-L16", f"{where}, status: `column:` is missing.", "Write status: status.")
    rules = []
    for name, usual in _SPECIAL.items():
        treatment = chosen.get(name, usual)
        if treatment not in TREATMENTS:
            raise DefinitionError(
                "WB-L16", f"{where}: `{name}` is {treatment!r}.", did_you_mean(str(treatment), TREATMENTS)
            )
        # with a mapping of values only what it names is used, unless its treatment is asked for
        if isinstance(written, str) or name in settings or name in given:
            values = names(settings.get(name, name), f"{where}, status, {name}")
            rules.append(StatusRule(name, values, cast(Treatment, treatment)))
    return Status(settings["column"], tuple(rules))
