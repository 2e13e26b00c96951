"""What a dataset holds and what a label's rows look like, cheaply: for pages that are only looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from workbench.config import Home
from workbench.dataset.build import build_training_frame
from workbench.dataset.catalog import Dataset, load_dataset, load_task
from workbench.dataset.frame import CUTOFF
from workbench.errors import UsageError
from workbench.features.columns import CUTOFF_AT
from workbench.features.definition import FeatureColumn
from workbench.labels import compile as labels_compile
from workbench.labels.compile import LABEL
from workbench.labels.definition import FlatLabel
from workbench.labels.kinds import Kind
from workbench.labels.workshop import Workshop, workshop
from workbench.tables.engine import Engine, in_order
from workbench.tables.profile import TableProfile, profile_file, profile_tables
from workbench.text import Text, counted


@dataclass(frozen=True)
class LabelBrief:
    """A task on offer: `dataset/label`, its kind and what it predicts."""

    task: str
    kind: Kind
    sentence: Text
    n_features: int
    cutoffs: str  # "8 cutoffs, 2017-04-01 to 2017-10-28", "each row of contacts", or "" for a flat table


@dataclass(frozen=True)
class DatasetSummary:
    """A dataset as the first page shows it. Features are those of any label; each label says how many it uses."""

    name: str
    title: Text
    tables: tuple[TableProfile, ...]
    labels: tuple[LabelBrief, ...]
    n_features: int
    features: tuple[FeatureColumn, ...]
    observed_until: datetime | None


@dataclass(frozen=True)
class LabelSummary:
    """Rows and events of a task, before anything is trained.

    `by_month` has month (YYYY-MM), rows, events, event_rate; `excluded` counts candidates by reason."""

    task: str
    kind: Kind
    sentence: Text
    rows: int
    events: int
    event_rate: float
    by_month: pd.DataFrame
    excluded: dict[str, int]


def describe_dataset(home: Home, name: str) -> DatasetSummary:
    """Tables with rows and periods, labels and feature sentences; parquet tables are counted without being loaded."""
    dataset = load_dataset(home, name)
    if dataset.flat is not None:
        tables = (profile_file(dataset.flat),)
        features = tuple(
            FeatureColumn(c, t, "flat")
            for c, t in dataset.flat.columns.items()
            if c not in _not_features(dataset)
        )
    else:
        tables = profile_tables(dataset.tables)
        features = tuple(c for f in dataset.features.values() for c in f.columns())
    return DatasetSummary(
        name=name,
        title=dataset.title,
        tables=tables,
        labels=tuple(_brief(dataset, label) for label in dataset.labels),
        n_features=len(features),
        features=features,
        observed_until=dataset.observed_until,
    )


def label_summary(home: Home, task: str) -> LabelSummary:
    """Rows, events and event rate by month of a task, and what is left out; features are not computed."""
    dataset, label = load_task(home, task)
    if isinstance(label, FlatLabel):
        frame = build_training_frame(home, task)
        when = frame.rows[frame.time] if frame.time else pd.Series(pd.NaT, index=frame.rows.index)
        return _counted(task, label.kind, label.sentence, when, frame.rows["label"], dict(frame.counts))
    with Engine(dataset.tables) as engine:
        for table in in_order(
            sorted(labels_compile.tables_needed(label) | _consent(dataset)), dataset.tables
        ):
            engine.load(table)
        found = labels_compile.training_rows(engine, label)
    return _counted(
        task,
        label.kind,
        label.sentence,
        found.rows[CUTOFF_AT].rename(CUTOFF),
        found.rows[LABEL],
        found.counts,
    )


def label_workshop(home: Home, task: str) -> Workshop:
    """Roll rates and vintages of a risk, event times of any other label, counts by month: to settle its definition.

    Raises WB-U06 for a flat table, whose outcome is a ready-made column."""
    dataset, label = load_task(home, task)
    if isinstance(label, FlatLabel):
        raise UsageError(
            "WB-U06",
            f"'{task}' is a flat dataset, which has no cutoff and no window to choose.",
            f"Its rows by month: workbench check {task}.",
        )
    with Engine(dataset.tables) as engine:
        for table in in_order(
            sorted(labels_compile.tables_needed(label) | _consent(dataset)), dataset.tables
        ):
            engine.load(table)
        return workshop(engine, label)


@dataclass(frozen=True)
class ScoringDay:
    """A day as of which a task's customers can be scored; `rows` where they are rows of that very day."""

    day: date
    rows: int | None = None


def scoring_days(home: Home, task: str) -> tuple[ScoringDay, ...]:
    """Days to make a list for, the newest first: outcomes are still open. Empty for a flat table, which has no days.

    For a label with `row:` the days on which rows (contacts) wait for their outcome; else the end of the data."""
    dataset, label = load_task(home, task)
    if isinstance(label, FlatLabel):
        return ()
    if label.own_cutoff is None and label.per_event is None:
        return (ScoringDay(dataset.tables.end_of_observation().date()),)
    with Engine(dataset.tables) as engine:
        for table in in_order(sorted(labels_compile.tables_needed(label, outcome=False)), dataset.tables):
            engine.load(table)
        waiting = labels_compile.open_rows(engine, label)
    return tuple(ScoringDay(day, rows) for day, rows in sorted(waiting.items(), reverse=True))


def _counted(
    task: str, kind: Kind, sentence: Text, when: pd.Series, outcome: pd.Series, excluded: dict[str, int]
) -> LabelSummary:
    months = pd.to_datetime(when).dt.strftime("%Y-%m").rename("month")
    by_month = outcome.astype("int64").groupby(months).agg(rows="size", events="sum").reset_index()
    by_month["event_rate"] = by_month["events"] / by_month["rows"]
    events = int(outcome.sum())
    return LabelSummary(
        task,
        kind,
        sentence,
        len(outcome),
        events,
        events / len(outcome),
        by_month,
        {k: v for k, v in excluded.items() if v},
    )


def _brief(dataset: Dataset, name: str) -> LabelBrief:
    label = dataset.labels[name]
    task = f"{dataset.name}/{name}"
    if isinstance(label, FlatLabel):
        n = len(
            [c for c in (dataset.flat.columns if dataset.flat else {}) if c not in _not_features(dataset)]
        )
        return LabelBrief(task, label.kind, label.sentence, n, "")
    if label.per_event is not None:
        cutoffs = f"each event of {label.per_event.table}"
    elif label.row is not None and label.row.cutoff is not None:
        cutoffs = f"each row of {label.row.table}"
    else:
        moments = label.cutoffs.moments() if label.cutoffs else ()
        cutoffs = f"{counted(len(moments), 'cutoff')}, {moments[0]:%Y-%m-%d} to {moments[-1]:%Y-%m-%d}"
    return LabelBrief(task, label.kind, label.sentence, len(dataset.columns_for(label)), cutoffs)


def _not_features(dataset: Dataset) -> set[str]:
    labels = {x.column for x in dataset.labels.values() if isinstance(x, FlatLabel)}
    return labels | ({dataset.flat.id} if dataset.flat is not None and dataset.flat.id else set())


def _consent(dataset: Dataset) -> set[str]:
    return {dataset.tables.consent.table} if dataset.tables.consent is not None else set()
