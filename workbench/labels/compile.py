"""A label definition and loaded tables to the rows of a frame: who, as of when, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
from sqlglot import exp

from workbench.errors import DataError, DefinitionError
from workbench.features.columns import CUTOFF_AT, ROW, known_column, resolver
from workbench.labels.definition import Condition, EachRow, LabelDefinition
from workbench.labels.maturity import immature, left_censored
from workbench.tables.engine import AT, KNOWN, Engine, column, ident, named
from workbench.tables.expression import checked, columns_of

CANDIDATES = "_candidates"
END = "_end"  # the first moment after the outcome window
LABEL = "_label"
KNOWN_OUTCOME = "_outcome_known"


@dataclass(frozen=True)
class LabelRows:
    """`rows` has `_row`, the row's own columns, `_cutoff` and, unless only scored, `_label` and `_outcome_known`;
    `counts` says how many candidates were left out and why."""

    rows: pd.DataFrame
    keys: tuple[str, ...]
    counts: dict[str, int]


def tables_needed(label: LabelDefinition, *, outcome: bool = True) -> set[str]:
    """The tables that decide who is in the frame, and with `outcome` also those that decide the label."""
    conditions = [label.eligible] if label.eligible is not None else []
    if outcome or (label.eligible is None and label.row is None):
        conditions.append(label.outcome)
    found = {label.row.table} if label.row else set()
    for condition in conditions:
        found.add(condition.table)
        if condition.where is not None:
            found |= {t for t, _ in columns_of(condition.where, label.name) if t is not None}
    return found


def training_rows(engine: Engine, label: LabelDefinition, *, known_by: datetime | None = None) -> LabelRows:
    """Every row whose outcome is known (by `known_by`, if that is earlier than `observed_until`), with its label.

    Raises WB-L05 where none is left."""
    until = min(known_by or datetime.max, engine.tables.end_of_observation())
    cutoffs = label.cutoffs.moments() if label.cutoffs else ()
    rows, keys, counts = _candidates(engine, label, cutoffs, seen=AT)
    began = _observed_from(engine, label)
    rows = _leave_out(rows, left_censored(_story_start(rows, label), began), "left_censored", counts)
    rows = _without_consent(engine, rows, counts)
    rows = _eligible(engine, label, rows, counts, known=False)
    rows[END] = _window_end(label, rows)
    rows[KNOWN_OUTCOME] = [label.outcome.lag.after(e) for e in rows[END]]
    rows[KNOWN_OUTCOME] = pd.to_datetime(rows[KNOWN_OUTCOME])
    cohort = rows[CUTOFF_AT].astype(str) + " " + rows[END].astype(str)
    rows = _leave_out(rows, immature(rows[KNOWN_OUTCOME], cohort, until), "immature", counts)
    if rows.empty:
        left = ", ".join(f"{n:,} {r.replace('_', ' ')}" for r, n in counts.items() if n)
        raise DataError(
            "WB-L05",
            f"label '{label.name}' has no row whose outcome is known by {until:%Y-%m-%d} ({left or 'no candidates'}).",
            "Choose earlier cutoffs or a shorter window, or load newer data and move `observed_until`.",
        )
    happened = rows[ROW].isin(_hits(engine, label.outcome, rows, label.name, future=True))
    rows[LABEL] = (happened == label.outcome.wants_any).astype("int8")
    return LabelRows(_numbered(rows.drop(columns=[END]), keys), keys, counts)


def scoring_rows(engine: Engine, label: LabelDefinition, cutoff: date) -> LabelRows:
    """Everyone who is eligible as of the cutoff; for a label with `row:` the rows whose own cutoff is that day.

    Raises WB-L04 where there is none, naming the nearest days that have some."""
    moment = datetime(cutoff.year, cutoff.month, cutoff.day)
    rows, keys, counts = _candidates(engine, label, (moment,), seen=KNOWN)
    if label.row is not None:
        days = rows[CUTOFF_AT].dt.normalize()
        chosen = rows[days == pd.Timestamp(moment)].reset_index(drop=True)
        if chosen.empty:
            raise DataError(
                "WB-L04",
                f"label '{label.name}': no row of '{label.row.table}' has {label.row.cutoff} on {cutoff}.",
                _nearest(days, moment),
            )
        rows, counts = chosen, {}
    rows = _without_consent(engine, rows, counts)
    rows = _eligible(engine, label, rows, counts, known=True)
    if rows.empty:
        raise DataError(
            "WB-L04",
            f"label '{label.name}': nobody is eligible as of {cutoff}.",
            "Choose a cutoff inside the period of the data (workbench check shows it).",
        )
    return LabelRows(_numbered(rows, keys), keys, counts)


def open_rows(engine: Engine, label: LabelDefinition) -> dict[date, int]:
    """For a label with `row:`, the days whose rows still wait for their outcome, and how many rows each has."""
    if label.row is None:
        return {}
    rows, _ = _each_row(engine, label.row, label.name)
    known = pd.to_datetime(pd.Series([label.outcome.lag.after(end) for end in _window_end(label, rows)]))
    waiting = rows[(known > pd.Timestamp(engine.tables.end_of_observation())).to_numpy(dtype=bool)]
    counted = waiting[CUTOFF_AT].dt.date.value_counts().sort_index()
    return {day: int(n) for day, n in counted.items()}


def _candidates(
    engine: Engine, label: LabelDefinition, cutoffs: Sequence[datetime], *, seen: str
) -> tuple[pd.DataFrame, tuple[str, ...], dict[str, int]]:
    if label.row is not None:
        rows, counts = _each_row(engine, label.row, label.name)
        keys = label.row.key
    else:
        rows, counts = _each_entity(engine, label, cutoffs, seen), {}
        keys = (engine.tables.entity,)
    rows = rows.sort_values([CUTOFF_AT, *keys], kind="stable", ignore_index=True)
    rows[ROW] = range(len(rows))
    return rows, keys, counts


def _each_row(engine: Engine, row: EachRow, label: str) -> tuple[pd.DataFrame, dict[str, int]]:
    offered = engine.columns(row.table)
    table = engine.tables.table(row.table, f"label '{label}'")
    for name in (*row.key, row.cutoff):
        known_column(table, name, offered, f"label '{label}', row")
    at = exp.TryCast(this=column(row.cutoff), to=exp.DataType.build("timestamp"))
    query = exp.select(
        *(column(c) for c in offered if c not in table.sensitive), exp.alias_(at, CUTOFF_AT, quoted=True)
    ).from_(named(row.table))
    rows = engine.frame(query)
    usable = rows[CUTOFF_AT].notna() & rows[list(row.key)].notna().all(axis=1)
    rows, counts = rows[usable], {"without_key_or_cutoff": int((~usable).sum())}
    if rows.duplicated(list(row.key)).any():
        first = rows[rows.duplicated(list(row.key))].iloc[0]
        named_key = ", ".join(f"{k} {first[k]}" for k in row.key)
        raise DataError(
            "WB-L06",
            f"label '{label}': '{row.table}' has two rows with the key {named_key}.",
            "A frame row must be one contact: correct the rows, or the label's `key:`.",
        )
    return rows, counts


def _each_entity(
    engine: Engine, label: LabelDefinition, cutoffs: Sequence[datetime], seen: str
) -> pd.DataFrame:
    """Every entity that the eligibility's table (else the outcome's) had shown before the cutoff, at each cutoff."""
    table = (label.eligible or label.outcome).table
    entity = engine.tables.entity
    known_column(
        engine.tables.table(table, label.name), entity, engine.columns(table), f"label '{label.name}'"
    )
    first_known = (
        exp.select(column(entity), exp.alias_(exp.Min(this=column(seen)), "first", quoted=True))
        .from_(named(table))
        .where(exp.not_(exp.Is(this=column(entity), expression=exp.Null())))
        .group_by(column(entity))
    )
    first = engine.frame(first_known)
    rows = first.merge(pd.DataFrame({CUTOFF_AT: pd.to_datetime(list(cutoffs))}), how="cross")
    return rows[rows["first"] < rows[CUTOFF_AT]].drop(columns="first")


def _story_start(rows: pd.DataFrame, label: LabelDefinition) -> pd.Series:
    within = label.eligible.within if label.eligible else None
    if within is None:
        return rows[CUTOFF_AT]
    start = {c: within.before(c) for c in rows[CUTOFF_AT].unique()}
    return pd.to_datetime(rows[CUTOFF_AT].map(start))


def _observed_from(engine: Engine, label: LabelDefinition) -> datetime:
    if engine.tables.observed_from is not None:
        return engine.tables.observed_from
    first = engine.loaded[label.outcome.table].first
    return datetime(first.year, first.month, first.day) if first is not None else datetime.min


def _leave_out(rows: pd.DataFrame, out: pd.Series, reason: str, counts: dict[str, int]) -> pd.DataFrame:
    counts[reason] = int(out.sum())
    return rows[~out.to_numpy(dtype=bool)].reset_index(drop=True)


def _eligible(
    engine: Engine, label: LabelDefinition, rows: pd.DataFrame, counts: dict[str, int], *, known: bool
) -> pd.DataFrame:
    if label.eligible is None:
        return rows
    seen = rows[ROW].isin(_hits(engine, label.eligible, rows, label.name, future=False, known=known))
    return _leave_out(rows, seen != label.eligible.wants_any, "not_eligible", counts)


def _without_consent(engine: Engine, rows: pd.DataFrame, counts: dict[str, int]) -> pd.DataFrame:
    """Leave out whoever had not agreed to the dataset's purpose by the cutoff; of equally late words, "no" counts."""
    consent = engine.tables.consent
    if consent is None or rows.empty:
        return rows
    table = engine.tables.table(consent.table, "consent")
    offered = engine.columns(consent.table)
    for name in (consent.purpose, engine.tables.entity, *([consent.granted] if consent.granted else [])):
        known_column(table, name, offered, "consent")
    engine.put(CANDIDATES, rows)
    granted: exp.Expr = (
        exp.Cast(this=column(consent.granted, "t"), to=exp.DataType.build("boolean"))
        if consent.granted
        else exp.true()
    )
    on = [
        exp.EQ(this=column(engine.tables.entity, "t"), expression=column(engine.tables.entity, "s")),
        exp.EQ(this=column(consent.purpose, "t"), expression=exp.Literal.string(str(engine.tables.purpose))),
    ]
    latest: list[exp.Expr] = [
        exp.Cast(this=exp.Paren(this=exp.not_(granted.copy())), to=exp.DataType.build("int"))
    ]
    if table.event_time is not None:
        on.append(exp.LT(this=column(KNOWN, "t"), expression=column(CUTOFF_AT, "s")))
        latest.insert(0, column(AT, "t"))
    word = exp.Anonymous(this="arg_max", expressions=[granted, exp.Anonymous(this="row", expressions=latest)])
    query = (
        exp.select(column(ROW, "s"), exp.alias_(word, "yes", quoted=True))
        .from_(_as(CANDIDATES, "s"))
        .join(_as(consent.table, "t"), on=exp.and_(*on))
        .group_by(column(ROW, "s"))
    )
    answers = engine.frame(query)
    agreed = answers.loc[answers["yes"].fillna(False).astype(bool), ROW]
    return _leave_out(rows, ~rows[ROW].isin(agreed), "no_consent", counts)


def _window_end(label: LabelDefinition, rows: pd.DataFrame) -> pd.Series:
    outcome = label.outcome
    if outcome.until is None or label.row is None:
        ends = {
            c: outcome.within.after(outcome.gap.after(c)) if outcome.within else c
            for c in rows[CUTOFF_AT].unique()
        }
        return pd.to_datetime(rows[CUTOFF_AT].map(ends))
    name = outcome.until.partition(".")[2]
    if name not in rows:
        raise DefinitionError(
            "WB-F01",
            f"label '{label.name}', outcome: table '{label.row.table}' has no column '{name}'.",
            f"Known: {', '.join(c for c in rows if not c.startswith('_'))}.",
        )
    until = pd.to_datetime(rows[name])
    if until.isna().any() or (until < rows[CUTOFF_AT]).any():
        bad = int((until.isna() | (until < rows[CUTOFF_AT])).sum())
        raise DataError(
            "WB-L07",
            f"label '{label.name}': {bad:,} rows of '{label.row.table}' have no {name}, or one before their cutoff.",
            "Correct the dates.",
        )
    # a plain date means that whole day; a moment is the last one that counts
    whole_day = until == until.dt.normalize()
    return until + whole_day.map({True: timedelta(days=1), False: timedelta(microseconds=1)})


def _hits(
    engine: Engine, condition: Condition, rows: pd.DataFrame, label: str, *, future: bool, known: bool = False
) -> pd.Series:
    """`_row` of the candidates for which the table has at least one row in the span.

    The outcome is what *happened* at or after the cutoff. Who was eligible is part of the truth about a labelled row,
    so there the past is what happened before it (a first purchase on the eve, reported late, is still the first);
    who is scored is decided by what was *known* before the cutoff."""
    where = f"label '{label}'"
    table = engine.tables.usable(condition.table, where)
    carried = [ROW, CUTOFF_AT, engine.tables.entity, *condition.match, *([END] if future else [])]
    for name in condition.match:
        if name not in rows:
            raise DefinitionError(
                "WB-F01",
                f"{where}: the label's rows have no column '{name}' to match.",
                f"Known: {', '.join(c for c in rows if not c.startswith('_'))}.",
            )
    engine.put(CANDIDATES, rows[list(dict.fromkeys(carried))])
    offered = engine.columns(condition.table)
    on: list[exp.Expr] = []
    for name in dict.fromkeys((engine.tables.entity, *condition.match)):
        known_column(table, name, offered, where)
        on.append(exp.EQ(this=column(name, "t"), expression=column(name, "s")))
    on += _span(condition, future=future, known=known)
    hops: dict[str, exp.Expr] = {}
    query = (
        exp.select(column(ROW, "s"))
        .distinct()
        .from_(_as(CANDIDATES, "s"))
        .join(_as(condition.table, "t"), on=exp.and_(*on))
    )
    chosen = (
        checked(condition.where, resolver(engine, table, hops, where), where) if condition.where else None
    )
    for other, link in hops.items():
        query = query.join(_as(other, f"h_{other}"), on=link, join_type="left")
    return engine.frame(query.where(chosen) if chosen is not None else query)[ROW]


def _span(condition: Condition, *, future: bool, known: bool) -> list[exp.Expr]:
    at, cutoff = column(AT, "t"), column(CUTOFF_AT, "s")
    if future:
        begin = exp.Add(this=cutoff, expression=condition.gap.interval())
        return [exp.GTE(this=at, expression=begin), exp.LT(this=at.copy(), expression=column(END, "s"))]
    span: list[exp.Expr] = [exp.LT(this=at, expression=cutoff)]
    if known:
        span.append(exp.LT(this=column(KNOWN, "t"), expression=cutoff.copy()))
    if condition.within is not None:
        span.append(exp.GTE(this=at.copy(), expression=condition.within.before_sql(cutoff)))
    return span


def _nearest(days: pd.Series, moment: datetime) -> str:
    offered = pd.Series(days.dropna().unique()).sort_values()
    before, after = offered[offered < moment], offered[offered > moment]
    near = [*before.tail(2), *after.head(2)]
    return (
        "Nearest days with rows: " + ", ".join(f"{d:%Y-%m-%d}" for d in near) + "."
        if near
        else "The table is empty."
    )


def _numbered(rows: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    rows = rows.sort_values([CUTOFF_AT, *keys], kind="stable", ignore_index=True)
    rows[ROW] = range(len(rows))
    return rows


def _as(name: str, alias: str) -> exp.Table:
    return exp.Table(this=ident(name), alias=exp.TableAlias(this=ident(alias)))
