"""A label definition and loaded tables to the rows of a frame: who, as of when, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from workbench.errors import DataError
from workbench.features.columns import CUTOFF_AT
from workbench.labels.arrears import check_columns, classes, standing
from workbench.labels.candidates import candidates, numbered, population_table
from workbench.labels.conditions import Condition
from workbench.labels.consent import consented
from workbench.labels.cutoffs import ExcludedPeriod
from workbench.labels.definition import LabelDefinition
from workbench.labels.hits import meets_after, meets_before
from workbench.labels.maturity import immature, left_censored
from workbench.labels.overdue import Overdue
from workbench.labels.statuses import stop_if_status_unknown
from workbench.labels.windows import BEGIN, END, KNOWN_OUTCOME, with_window
from workbench.tables.engine import AT, KNOWN, Engine
from workbench.tables.expression import columns_of

LABEL = "_label"
_STATEMENT_PERIOD = timedelta(days=31)  # a loan is first reported up to a month after it began


@dataclass(frozen=True)
class LabelRows:
    """`rows` has `_row`, the row's own columns, `_cutoff` and, unless only scored, `_label` and `_outcome_known`;
    `counts` says how many candidates were left out and why."""

    rows: pd.DataFrame
    keys: tuple[str, ...]
    counts: dict[str, int]


def tables_needed(label: LabelDefinition, *, outcome: bool = True) -> set[str]:
    """The tables that decide who is in the frame, and with `outcome` also those that decide the label."""
    found: set[str] = set()
    texts: list[str | None] = []
    if label.row is not None:
        found.add(label.row.table)
    elif label.per_event is not None:
        found.add(label.per_event.table)
        texts.append(label.per_event.where)
    else:
        found.add(population_table(label))
    conditions: list[Condition | Overdue] = [*label.conditions]
    if label.row is not None and label.row.responded is not None:
        conditions.append(label.row.responded)
    # who already is in arrears at the cutoff is not asked about, in scoring neither
    if outcome or isinstance(label.outcome, Overdue):
        conditions.append(label.outcome)
    for condition in conditions:
        found.add(condition.table)
        texts.append(condition.where)
    for text in texts:
        if text is not None:
            found |= {t for t, _ in columns_of(text, label.name) if t is not None}
    return found


def training_rows(engine: Engine, label: LabelDefinition, *, known_by: datetime | None = None) -> LabelRows:
    """Every row whose outcome is known (by `known_by`, if that is earlier than `observed_until`), with its label.

    Of a risk, rows that came out indeterminate are left out and counted. Raises WB-L05 where none is left, WB-L11
    where the window is longer than the data and WB-L12 where every cutoff lies outside the data."""
    until = min(known_by or datetime.max, engine.tables.end_of_observation())
    found = mature_rows(engine, label, until=until)
    rows, counts = found.rows, found.counts
    if rows.empty:
        raise _none_left(engine, label, until, counts)
    if isinstance(label.outcome, Overdue):
        became = classes(engine, label.outcome, rows, label.name)
        rows[LABEL] = (became == "bad").astype("int8")
        for reason in [c for c in became.unique() if c not in ("good", "bad")]:
            counts[reason] = int((became == reason).sum())
        rows = rows[became.isin(["good", "bad"])].reset_index(drop=True)
        if rows.empty:
            raise _none_left(engine, label, until, counts)
    else:
        rows[LABEL] = meets_after(engine, label.outcome, rows, f"label '{label.name}', outcome").astype(
            "int8"
        )
    return LabelRows(numbered(rows.drop(columns=[BEGIN, END]), found.keys), found.keys, counts)


def mature_rows(engine: Engine, label: LabelDefinition, *, until: datetime | None) -> LabelRows:
    """Everyone who is asked about, with `_begin` and `_end` of the outcome window, before the outcome is looked at.

    `until=None` keeps rows whose outcome is not known yet, and every row of an entity's period."""
    if isinstance(label.outcome, Overdue):
        check_columns(engine, label.outcome, f"label '{label.name}', outcome")
        stop_if_status_unknown(engine, label.outcome, f"label '{label.name}', outcome")
    cutoffs = label.cutoffs.moments() if label.cutoffs else ()
    rows, keys, counts = candidates(engine, label, cutoffs, seen=AT)
    began = observed_from(engine, label)
    rows = _leave_out(rows, left_censored(_story_start(rows, label), began), "left_censored", counts)
    rows = _who_is_asked(engine, label, rows, counts, known=False)
    rows = with_window(label, rows)
    for period in label.exclude_periods:
        rows = _leave_out(rows, _touches(rows, period), f"period: {period.reason}", counts)
    if until is not None:
        cohort = rows[CUTOFF_AT].astype(str) + " " + rows[END].astype(str)
        rows = _leave_out(rows, immature(rows[KNOWN_OUTCOME], cohort, until), "immature", counts)
        if label.one_per is not None:
            rows = _leave_out(rows, ~_kept(engine, label, rows, keys), "another_of_the_period", counts)
    return LabelRows(rows, keys, counts)


def scoring_rows(engine: Engine, label: LabelDefinition, cutoff: date) -> LabelRows:
    """Everyone who is eligible as of the cutoff; for a label with its own cutoffs the rows of that day.

    Raises WB-L04 where there is none, naming the nearest days that have some."""
    if isinstance(label.outcome, Overdue):
        check_columns(engine, label.outcome, f"label '{label.name}', outcome")
    moment = datetime(cutoff.year, cutoff.month, cutoff.day)
    rows, keys, counts = candidates(engine, label, (moment,), seen=KNOWN)
    if label.own_cutoff is not None or label.per_event is not None:
        days = rows[CUTOFF_AT].dt.normalize()
        chosen = rows[days == pd.Timestamp(moment)].reset_index(drop=True)
        if chosen.empty:
            raise DataError(
                "WB-L04", f"label '{label.name}': {_no_row(label)} {cutoff}.", _nearest(days, moment)
            )
        rows, counts = chosen, {}
    if label.per_event is not None and label.one_per is not None:  # a busy customer stands on a list once
        rows = rows[_kept(engine, label, rows, keys)].reset_index(drop=True)
    rows = _who_is_asked(engine, label, rows, counts, known=True)
    if rows.empty:
        raise DataError(
            "WB-L04",
            f"label '{label.name}': nobody is eligible as of {cutoff}.",
            "Choose a cutoff inside the period of the data (workbench check shows it).",
        )
    return LabelRows(numbered(rows, keys), keys, counts)


def open_rows(engine: Engine, label: LabelDefinition) -> dict[date, int]:
    """For a label with its own cutoffs, the days whose rows still wait for their outcome, and how many rows each has."""
    if label.own_cutoff is None and label.per_event is None:
        return {}
    rows, _, _ = candidates(engine, label, (), seen=AT)
    known = with_window(label, rows)[KNOWN_OUTCOME]
    waiting = rows[(known > pd.Timestamp(engine.tables.end_of_observation())).to_numpy(dtype=bool)]
    counted = waiting[CUTOFF_AT].dt.date.value_counts().sort_index()
    return {day: int(n) for day, n in counted.items()}


def _who_is_asked(
    engine: Engine, label: LabelDefinition, rows: pd.DataFrame, counts: dict[str, int], *, known: bool
) -> pd.DataFrame:
    """Consent, eligibility, exclusions, and for a risk how the row stands at its cutoff; each counted."""
    rows = _leave_out(rows, ~consented(engine, label, rows), "no_consent", counts)
    for condition in label.eligible:
        meets = meets_before(engine, condition, rows, f"label '{label.name}', eligible", known=known)
        rows = _leave_out(rows, ~meets, "not_eligible", counts)
    for exclusion in label.exclude:
        meets = meets_before(engine, exclusion.condition, rows, f"label '{label.name}', exclude", known=known)
        rows = _leave_out(rows, meets, f"excluded: {exclusion.reason}", counts)
    if isinstance(label.outcome, Overdue):
        stands = standing(engine, label.outcome, rows, label.name)
        bad = (stands["days"] >= label.outcome.bad) | (stands["bad"] > 0)
        late = ~bad & (stands["days"] >= label.outcome.starts_below)
        counts["already_bad"], counts["already_late"] = int(bad.sum()), int(late.sum())
        rows = rows[~(bad | late).to_numpy(dtype=bool)].reset_index(drop=True)
    return rows


def _kept(engine: Engine, label: LabelDefinition, rows: pd.DataFrame, keys: tuple[str, ...]) -> pd.Series:
    """True for the rows that stay where at most one per entity and period is asked for."""
    if label.one_per is None:
        return pd.Series(True, index=rows.index)
    return label.one_per.kept(rows[engine.tables.entity], rows[CUTOFF_AT], rows[list(keys)])


def _story_start(rows: pd.DataFrame, label: LabelDefinition) -> pd.Series:
    """The earliest moment that a row's eligibility or exclusion looks back to, else its cutoff."""
    spans = [c.within for c in label.conditions if c.within]
    start = {c: min((s.before(c) for s in spans), default=c) for c in rows[CUTOFF_AT].unique()}
    return pd.to_datetime(rows[CUTOFF_AT].map(start))


def observed_from(engine: Engine, label: LabelDefinition) -> datetime:
    """From when rows' stories are known: what tables.yaml says, else the first day of the outcome's table."""
    if engine.tables.observed_from is not None:
        return engine.tables.observed_from
    first = engine.loaded[label.outcome.table].first
    if first is None:
        return datetime.min
    if isinstance(label.outcome, Overdue):
        first -= _STATEMENT_PERIOD
    return datetime(first.year, first.month, first.day)


def _touches(rows: pd.DataFrame, period: ExcludedPeriod) -> pd.Series:
    """True where the cutoff or the outcome window reaches into the period."""
    begin = pd.Timestamp(period.first)
    after = pd.Timestamp(period.last) + pd.Timedelta(1, "D")
    window = (rows[BEGIN] < after) & (rows[END] > begin)
    return window | ((rows[CUTOFF_AT] >= begin) & (rows[CUTOFF_AT] < after))


def _leave_out(rows: pd.DataFrame, out: pd.Series, reason: str, counts: dict[str, int]) -> pd.DataFrame:
    counts[reason] = counts.get(reason, 0) + int(out.sum())
    return rows[~out.to_numpy(dtype=bool)].reset_index(drop=True)


def _none_left(engine: Engine, label: LabelDefinition, until: datetime, counts: dict[str, int]) -> DataError:
    """Why no row is left: the window is longer than the data, the cutoffs lie outside it, or else the counts."""
    began = observed_from(engine, label)
    data = f"{began:%Y-%m-%d} to {until:%Y-%m-%d}"
    within = label.outcome.within
    if within is not None and label.outcome.known_at(within.after(label.outcome.gap.after(began))) > until:
        lasts = label.outcome.gap.days + within.days + label.outcome.lag.days
        return DataError(
            "WB-L11",
            f"label '{label.name}': its window with gap and lag lasts about {lasts:,.0f} days, longer than the data ({data}).",
            "Choose a shorter window, or load more data.",
        )
    moments = label.cutoffs.moments() if label.cutoffs else ()
    if moments and (moments[-1] <= began or moments[0] >= until):
        return DataError(
            "WB-L12",
            f"label '{label.name}': its cutoffs, {moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}, lie outside the data ({data}).",
            "Choose cutoffs inside it.",
        )
    left = ", ".join(f"{n:,} {r.replace('_', ' ')}" for r, n in counts.items() if n)
    return DataError(
        "WB-L05",
        f"label '{label.name}' has no row whose outcome is known by {until:%Y-%m-%d} ({left or 'no candidates'}).",
        "Choose earlier cutoffs or a shorter window, or load newer data and move `observed_until`.",
    )


def _no_row(label: LabelDefinition) -> str:
    if label.row is not None:
        return f"no row of '{label.row.table}' has {label.row.cutoff} on"
    return f"no event of '{label.per_event.table if label.per_event else ''}' happened on"


def _nearest(days: pd.Series, moment: datetime) -> str:
    offered = pd.Series(days.dropna().unique()).sort_values()
    before, after = offered[offered < moment], offered[offered > moment]
    near = [*before.tail(2), *after.head(2)]
    return (
        "Nearest days with rows: " + ", ".join(f"{d:%Y-%m-%d}" for d in near) + "."
        if near
        else "The table is empty."
    )
