"""A few customers of a task with everything that its definitions read about them, in an engine of their own.

Times are read here once more, apart from the compiler: `at` when a row happened, `known` when it could be known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlglot import exp

from workbench.dataset.build import feature_values, store_spine
from workbench.dataset.catalog import Dataset
from workbench.errors import DataError
from workbench.features import compile as features_compile
from workbench.features.columns import CUTOFF_AT, ROW, aliased
from workbench.features.definition import AnyFeature, FormulaFeature
from workbench.labels import compile as labels_compile
from workbench.labels.candidates import population_table
from workbench.labels.definition import LabelDefinition
from workbench.labels.overdue import Overdue
from workbench.labels.windows import KNOWN_OUTCOME
from workbench.tables.duck import DuckDatabase
from workbench.tables.durations import Duration
from workbench.tables.engine import AT, KNOWN, Engine, column, named
from workbench.tables.kinds import same_key
from workbench.tables.schema import Table, TableSet

Frames = dict[str, pd.DataFrame]

ENTITIES = 90
COMMON, RARE = 3, 8  # cutoffs that are proven, and how many if each is that of few rows
_ROWS_EACH = 10
MOST_ROWS = 40_000
SAMPLE_MEMORY = "1000MB"
_CHOSEN = "_proof_chosen"


@dataclass
class Sample:
    """The sampled rows of every table, and the means to compute a task's answers from a changed set of them."""

    engine: Engine
    label: LabelDefinition
    features: list[AnyFeature]
    frames: Frames
    cutoffs: tuple[datetime, ...]
    entities: list[object]
    _stored: dict[str, int] = field(default_factory=dict)

    @property
    def tables(self) -> TableSet:
        return self.engine.tables

    @property
    def keys(self) -> list[str]:
        return list(self.label.row.key) if self.label.row else [self.tables.entity]

    @property
    def timed(self) -> list[str]:
        """The sampled tables whose rows have a time."""
        return [n for n in self.frames if self.tables.tables[n].event_time is not None]

    def use(self, frames: Frames) -> None:
        """Let the engine hold these rows; a table that it holds already is left alone."""
        for name, rows in frames.items():
            if self._stored.get(name) != id(rows):
                self.engine.put_rows(name, rows)
                self._stored[name] = id(rows)
        self._kept = frames  # an id is only good while its frame lives

    def rows(self, frames: Frames, cutoff: datetime) -> pd.DataFrame:
        """The frame's rows as scoring would choose them at this cutoff, with the row's own columns."""
        self.use(frames)
        try:
            found = labels_compile.scoring_rows(self.engine, self.label, cutoff.date()).rows
        except DataError as error:
            if error.code != "WB-L04":
                raise
            return pd.DataFrame(columns=[ROW, CUTOFF_AT, *self.keys])
        found = found[found[CUTOFF_AT] == pd.Timestamp(cutoff)].reset_index(drop=True)
        found[ROW] = range(len(found))
        return found

    def values(
        self, frames: Frames, rows: pd.DataFrame, features: list[AnyFeature] | None = None
    ) -> pd.DataFrame:
        """The feature columns of the given rows, indexed by their key."""
        chosen = self.features if features is None else features
        if rows.empty:
            names = [c.name for f in chosen for c in f.columns()]
            return pd.DataFrame(columns=names, index=self.index(rows))
        self.use(frames)
        store_spine(self.engine, rows)
        found = feature_values(self.engine, chosen, self.label, len(rows))
        return found.set_axis(self.index(rows), axis=0)

    def answers(self, frames: Frames, cutoff: datetime) -> pd.DataFrame:
        """Who is in the frame at this cutoff, and every feature of theirs."""
        return self.values(frames, self.rows(frames, cutoff))

    def outcomes(self, frames: Frames, known_by: datetime | None = None) -> pd.DataFrame:
        """The training rows, indexed by cutoff and key; empty where no outcome is known."""
        self.use(frames)
        try:
            found = labels_compile.training_rows(self.engine, self.label, known_by=known_by).rows
        except DataError as error:
            if error.code != "WB-L05":
                raise
            found = pd.DataFrame(columns=[CUTOFF_AT, *self.keys, labels_compile.LABEL, KNOWN_OUTCOME])
        return found.set_index([CUTOFF_AT, *self.keys], drop=False)

    def index(self, rows: pd.DataFrame) -> pd.Index:
        if len(self.keys) == 1:
            return pd.Index(rows[self.keys[0]], name=self.keys[0])
        return pd.MultiIndex.from_frame(rows[self.keys])

    @property
    def questions(self) -> dict[str, str]:
        """The tables whose own rows are the question at a cutoff, each with the column that holds its moment."""
        label = self.label
        asking = label.per_event.table if label.per_event is not None else None
        if label.row is not None and label.row.responded is not None:
            asking = label.row.responded.table  # the answer's moment is the cutoff
        if asking is not None:
            return {asking: str(self.tables.tables[asking].event_time)}
        return {label.row.table: label.row.cutoff} if label.row is not None and label.row.cutoff else {}

    def asked(self, name: str, rows: pd.DataFrame, cutoff: datetime) -> pd.Series:
        """True for the rows of a table that are themselves the question at this cutoff (this day's contacts)."""
        moment = self.questions.get(name)
        if moment is None:
            return pd.Series(False, index=rows.index)
        return moments(rows[moment]) == pd.Timestamp(cutoff)

    def with_questions(self, frames: Frames) -> Frames:
        """The changed rows, but who asks stays as it is: a second contact of the same key would be a wrong table."""
        own = {*self.questions, *([self.label.row.table] if self.label.row is not None else [])}
        return frames | {name: self.frames[name] for name in own}

    def unknown(self, name: str, rows: pd.DataFrame, cutoff: datetime) -> pd.Series:
        """True for rows that nobody could know at the cutoff; what is itself asked about is known."""
        table = self.tables.tables[name]
        before = (known(table, rows) < pd.Timestamp(cutoff)) & (at(table, rows) < pd.Timestamp(cutoff))
        return ~before & ~self.asked(name, rows, cutoff)


def moments(values: pd.Series) -> pd.Series:
    """Times without a zone: zoned ones in UTC, local ones as they are, unreadable ones missing."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = pd.to_datetime(values.astype("str"), errors="coerce", format="mixed")
    if getattr(values.dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    return values.astype("datetime64[us]")


def moment_of(value: Any) -> datetime:
    """One time of a column as Python's own."""
    return datetime.fromisoformat(pd.Timestamp(value).isoformat())


def at(table: Table, rows: pd.DataFrame) -> pd.Series:
    """When each row happened."""
    return moments(rows[str(table.event_time)])


def known(table: Table, rows: pd.DataFrame) -> pd.Series:
    """When each row could be known."""
    if table.known_at is not None:
        return moments(rows[table.known_at])
    return later(at(table, rows), table.known_after)


def later(times: pd.Series, span: Duration) -> pd.Series:
    """Each time a span later."""
    if span.unit in ("mo", "y"):
        return times + pd.DateOffset(months=span.count * (12 if span.unit == "y" else 1))
    return times + pd.Timedelta(span.count * {"h": 1, "d": 24, "w": 168}[span.unit], "h")


def with_times(table: Table, rows: pd.DataFrame, happened: pd.Series, said: pd.Series | None) -> pd.DataFrame:
    """The rows moved to other moments, in the zone that their column has."""
    moved = rows.copy()
    for name, times in ((table.event_time, happened), (table.known_at, said)):
        if name is None or times is None:
            continue
        zone = getattr(rows[name].dtype, "tz", None)
        naive = pd.Series(pd.to_datetime(times).to_numpy(), index=rows.index).astype("datetime64[us]")
        moved[name] = naive if zone is None else naive.dt.tz_localize("UTC").dt.tz_convert(zone)
    return moved


def tables_read(dataset: Dataset, label: LabelDefinition, *, outcome: bool = True) -> set[str]:
    """Every table that a task's rows, outcomes and features read."""
    found = labels_compile.tables_needed(label, outcome=outcome)
    if dataset.tables.consent is not None:
        found.add(dataset.tables.consent.table)
    for feature in dataset.features_for(label):
        if not isinstance(feature, FormulaFeature):
            found |= features_compile.tables_needed(feature, label.row.table if label.row else None)
    return found


def spread_cutoffs(cutoffs: pd.Series) -> tuple[datetime, ...]:
    """The first, the middle and the last; more in between where a cutoff is that of one or two rows only."""
    ordered = sorted(cutoffs.unique())
    most = COMMON if len(cutoffs) >= _ROWS_EACH * len(ordered) else RARE
    places = np.linspace(0, len(ordered) - 1, most).round().astype(int)
    return tuple(moment_of(ordered[i]) for i in dict.fromkeys(places.tolist()))


def by_hash(values: Iterable[object]) -> list[object]:
    """Values in an order that depends on nothing but themselves."""
    ordered = sorted(set(values), key=str)
    hashed = [hashlib.sha256(str(v).encode()).digest() for v in ordered]
    return [value for _, value in sorted(zip(hashed, ordered, strict=True), key=lambda pair: pair[0])]


def draw(engine: Engine, dataset: Dataset, label: LabelDefinition, training: pd.DataFrame) -> Sample:
    """Some customers of a few of the task's cutoffs, chosen by a hash, with their rows of all tables.

    The engine must have loaded the tables; the sample's own engine holds nothing but the sampled rows."""
    entity = dataset.entity
    cutoffs = spread_cutoffs(training[CUTOFF_AT])
    chosen: dict[object, None] = {}
    for cutoff in cutoffs:
        there = training.loc[training[CUTOFF_AT] == pd.Timestamp(cutoff), entity]
        chosen |= dict.fromkeys(by_hash(there)[: ENTITIES // len(cutoffs)])
    # and some whom training leaves out: what is learnt later must not bring them back either
    chosen |= dict.fromkeys(by_hash(_everybody(engine, label))[: ENTITIES // 3])
    names = sorted(tables_read(dataset, label))
    entities = _affordable(engine, names, list(chosen))
    frames = _read_all(engine, names, entities)
    began = dataset.tables.observed_from or _first(engine, label)
    tables = {
        # joined columns are taken along already; rows that a change makes equal are still two rows
        n: replace(t, join=(), keep_duplicates=True)
        for n, t in dataset.tables.tables.items()
    }
    own = replace(dataset.tables, tables=tables, observed_from=began)
    database = DuckDatabase(threads=2, memory=SAMPLE_MEMORY)  # a sample is small, wherever the tables are
    return Sample(
        Engine(own, database=database), label, dataset.features_for(label), frames, cutoffs, entities
    )


def _first(engine: Engine, label: LabelDefinition) -> datetime | None:
    first = engine.loaded[label.outcome.table].first
    if first is not None and isinstance(label.outcome, Overdue):
        return None  # a loan may begin before it is first reported
    return None if first is None else datetime(first.year, first.month, first.day)


def _who_there_is(label: LabelDefinition) -> str:
    if label.row is not None:
        return label.row.table
    return label.per_event.table if label.per_event is not None else population_table(label)


def _everybody(engine: Engine, label: LabelDefinition) -> list[object]:
    """Every entity of the table that says who there is."""
    table = _who_there_is(label)
    entity = column(engine.tables.entity)
    here = exp.not_(exp.Is(this=entity.copy(), expression=exp.Null()))
    found = engine.frame(exp.select(entity).distinct().from_(named(table)).where(here))
    return found[engine.tables.entity].tolist()


def _affordable(engine: Engine, names: list[str], chosen: list[object]) -> list[object]:
    """As many of the chosen customers, in order, as have no more than `MOST_ROWS` rows together; at least one."""
    entity = engine.tables.entity
    engine.put(_CHOSEN, pd.DataFrame({entity: chosen}))
    total = pd.Series(0, index=pd.Index(chosen))
    for name in names:
        if entity in engine.columns(name):
            count = exp.alias_(exp.Count(this=exp.Star()), "n")
            query = (
                _joined(engine, name, entity).select(column(entity, "c"), count).group_by(column(entity, "c"))
            )
            counted = engine.frame(query).set_index(entity)["n"]
            total = total.add(counted, fill_value=0)
    running = total.reindex(chosen).cumsum().to_numpy()
    return chosen[: max(1, int((running <= MOST_ROWS).sum()))]


def _read_all(engine: Engine, names: list[str], entities: list[object]) -> Frames:
    entity = engine.tables.entity
    frames: Frames = {}
    engine.put(_CHOSEN, pd.DataFrame({entity: entities}))
    lookups = []
    for name in names:
        own = engine.columns(name)
        if entity in own:
            frames[name] = _read(engine, name, _joined(engine, name, entity))
        elif engine.tables.tables[name].key in own:
            lookups.append(name)
        else:
            frames[name] = _read(engine, name, exp.select().from_(aliased(name, "t")))
    for name in lookups:  # of a look-up only what the sampled rows refer to
        key = str(engine.tables.tables[name].key)
        asked = [f[key].dropna() for f in frames.values() if key in f]
        if asked:
            engine.put(_CHOSEN, pd.DataFrame({key: pd.concat(asked, ignore_index=True).unique()}))
            frames[name] = _read(engine, name, _joined(engine, name, key))
        else:
            frames[name] = _read(engine, name, exp.select().from_(aliased(name, "t")))
    return frames


def _joined(engine: Engine, name: str, by: str) -> exp.Select:
    types = engine.columns(name)[by], engine.columns(_CHOSEN)[by]
    same = same_key(column(by, "t"), types[0], column(by, "c"), types[1])
    return exp.select().from_(aliased(name, "t")).join(aliased(_CHOSEN, "c"), on=same)


def _read(engine: Engine, name: str, base: exp.Select) -> pd.DataFrame:
    """A table's own columns with types that survive the way there and back; times that were text as times."""
    table = engine.tables.tables[name]
    types = engine.columns(name)
    zoned = [c for c, t in types.items() if t.startswith("TIMESTAMP WITH")]
    utc = exp.DataType.build("timestamp")
    query = base.select(
        *(
            exp.alias_(exp.Cast(this=column(c, "t"), to=utc), c, quoted=True)
            if c in zoned
            else column(c, "t")
            for c in types
        )
    )
    if table.event_time is not None:
        query = query.select(column(AT, "t"), column(KNOWN, "t"))
    rows = engine.frame(query)
    for own, sql_type in types.items():
        if sql_type.startswith("VARCHAR"):
            rows[own] = rows[own].astype("str")  # a column without any value would forget that it is text
        elif sql_type.startswith("BOOLEAN"):
            rows[own] = rows[own].astype("boolean")
        elif own in zoned:
            rows[own] = rows[own].astype("datetime64[us]").dt.tz_localize("UTC")
    for own, read in ((table.event_time, AT), (table.known_at, KNOWN)):
        if own is not None and own not in zoned:
            rows[own] = rows[read].astype("datetime64[us]")
    return rows.drop(columns=[c for c in (AT, KNOWN) if c in rows])
