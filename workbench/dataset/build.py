"""Definitions and tables to a training frame, or to the frame of everyone who may be scored as of a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.config import Home
from workbench.dataset.catalog import Dataset, load_task
from workbench.dataset.frame import CUTOFF, LABEL, OUTCOME_KNOWN, TrainingFrame
from workbench.dataset.permissions import stop_if_forbidden
from workbench.dataset.vendor_files import stop_if_retro_scored
from workbench.errors import DefinitionError, UsageError
from workbench.features import compile as features_compile
from workbench.features.columns import CUTOFF_AT, ROW, SPINE
from workbench.features.compile import Compiled, Made
from workbench.features.definition import (
    AnyFeature,
    EntityAttribute,
    FormulaFeature,
    RowAttribute,
    RowsFeature,
)
from workbench.features.rounding import settled
from workbench.features.snapshots import compile_snapshots
from workbench.labels import compile as labels_compile
from workbench.labels.compile import LabelRows
from workbench.labels.definition import FlatLabel, LabelDefinition
from workbench.labels.judging import stop_if_never_judged
from workbench.labels.windows import KNOWN_OUTCOME
from workbench.progress import Progress, silent
from workbench.tables.checks import stop_if_clock_ahead
from workbench.tables.engine import Engine, in_order
from workbench.tables.sources import resolve
from workbench.text import Text, counted


def build_training_frame(
    home: Home, task: str, *, as_of: date | None = None, progress: Progress | None = None
) -> TrainingFrame:
    """Every row of a task whose outcome is known (by `as_of`, if given), with its features as of its cutoff and its label.

    `counts` says what was left out (immature, left_censored, not_eligible, no_consent, quarantined:<table>)."""
    dataset, label = load_task(home, task)
    if isinstance(label, FlatLabel):
        return _flat(dataset, label, task)
    say = progress or silent
    stop_if_featureless(dataset, label)
    stop_if_forbidden(dataset, label)
    stop_if_never_judged(label)
    with Engine(dataset.tables) as engine:
        features = dataset.features_for(label)
        _load(engine, _tables(dataset, features, label, outcome=True), say)
        stop_if_clock_ahead(engine)
        say("labels", 0.45, f"Rows and outcomes of {label.name}")
        known_by = None if as_of is None else datetime(as_of.year, as_of.month, as_of.day)
        found = labels_compile.training_rows(engine, label, known_by=known_by)
        stop_if_retro_scored(dataset, label, found.rows[CUTOFF_AT])
        return _frame(engine, dataset, label, task, found, say)


def build_scoring_frame(home: Home, task: str, cutoff: date) -> TrainingFrame:
    """Everyone who may be scored as of the cutoff, with the same features and no label; outcome tables are not read,
    but for a risk the statements before the cutoff, which say who is in arrears already.

    For a label with `row:` these are the rows (contacts) whose own cutoff falls on that day. Raises WB-L04 if there
    are none, and WB-U06 for a flat dataset, whose files are scored directly."""
    dataset, label = load_task(home, task)
    if isinstance(label, FlatLabel):
        raise UsageError(
            "WB-U06",
            f"'{task}' is a flat dataset, which has no cutoff.",
            "Score a file: workbench score MODEL FILE --out OUT.",
        )
    stop_if_forbidden(dataset, label)
    with Engine(dataset.tables) as engine:
        features = dataset.features_for(label)
        _load(engine, _tables(dataset, features, label, outcome=False), silent)
        found = labels_compile.scoring_rows(engine, label, cutoff)
        stop_if_retro_scored(dataset, label, found.rows[CUTOFF_AT])
        frame = _frame(engine, dataset, label, task, found, silent)
        return replace(frame, notes=(*frame.notes, *_staleness(engine, cutoff)))


def stop_if_featureless(dataset: Dataset, label: LabelDefinition) -> None:
    """Raises DefinitionError WB-F33 where no definition makes a column for the label."""
    if not dataset.features_for(label):
        raise DefinitionError(
            "WB-F33",
            f"features.yaml makes no feature for the label '{label.name}' of '{dataset.name}'.",
            f"Write one, or begin with: workbench features propose {dataset.name}/{label.name}",
        )


def sampled_frame(
    engine: Engine, dataset: Dataset, label: LabelDefinition, found: LabelRows, *, rows: int
) -> TrainingFrame:
    """The frame of up to so many of the label's rows, drawn with a fixed seed; all tables must be loaded."""
    drawn = found.rows
    if len(drawn) > rows:
        drawn = drawn.sample(rows, random_state=0).sort_index().reset_index(drop=True)
        drawn[ROW] = range(len(drawn))
    task = f"{dataset.name}/{label.name}"
    return _frame(engine, dataset, label, task, LabelRows(drawn, found.keys, found.counts), silent)


def compiled_queries(engine: Engine, dataset: Dataset, label: LabelDefinition) -> list[Compiled]:
    """The queries of a task's features, one per source table; the spine must be stored already."""
    return _compile(engine, dataset.features_for(label), label)


def feature_values(
    engine: Engine,
    features: Sequence[AnyFeature],
    label: LabelDefinition | None,
    n_rows: int,
    say: Progress = silent,
) -> pd.DataFrame:
    """All feature columns for the stored spine, in the features' order, a row per `_row`."""
    values: dict[str, pd.Series] = {}
    compiled = _compile(engine, features, label)
    for step, query in enumerate(compiled):
        say("features", 0.55 + 0.4 * step / len(compiled), f"Features over {query.source}")
        answer = engine.frame(query.query).set_index(ROW).reindex(range(n_rows))
        for made in query.made:
            values[made.column.name] = _clean(answer[made.column.name], made)
    for feature in features:
        if isinstance(feature, FormulaFeature):
            values[feature.name] = pd.Series(_computed(feature, values, n_rows))
    order = [c.name for f in features for c in f.columns()]
    return pd.DataFrame({name: values[name] for name in order}, index=range(n_rows))


def store_spine(engine: Engine, rows: pd.DataFrame) -> None:
    """Store the frame's rows for the features to join to; what is known only later is not carried along."""
    engine.put(
        SPINE,
        rows.drop(columns=[c for c in (labels_compile.LABEL, KNOWN_OUTCOME) if c in rows]),
    )


def _frame(
    engine: Engine, dataset: Dataset, label: LabelDefinition, task: str, found: LabelRows, say: Progress
) -> TrainingFrame:
    store_spine(engine, found.rows)
    features = dataset.features_for(label)
    values = feature_values(engine, features, label, len(found.rows), say)
    rows = found.rows[list(found.keys)].reset_index(drop=True)
    for key in found.keys:
        rows[key] = whole_numbers(rows[key])
    rows[CUTOFF] = found.rows[CUTOFF_AT].astype("datetime64[us]")
    if labels_compile.LABEL in found.rows:
        rows[OUTCOME_KNOWN] = found.rows[KNOWN_OUTCOME].astype("datetime64[us]")
        rows[LABEL] = found.rows[labels_compile.LABEL]
    columns = [c for f in features for c in f.columns()]
    say("features", 1.0, f"{counted(len(rows), 'row')}, {counted(len(columns), 'feature')}")
    event, other = ("yes", "no")
    return TrainingFrame(
        task=task,
        kind=label.kind,
        rows=pd.concat([rows, values], axis=1),
        features=tuple(c.name for c in columns),
        keys=found.keys,
        entity=dataset.entity,
        time=CUTOFF,
        judge_from=label.judge_from,
        known_before=label.known_before,
        event_class=event,
        other_class=other,
        sentences={c.name: c.sentence for c in columns},
        groups={c.name: c.group for c in columns},
        counts={k: v for k, v in (found.counts | _quarantined(engine)).items() if v},
        sources={t.table: t.fingerprint for t in engine.loaded.values() if t.fingerprint},
        notes=tuple(n for t in engine.loaded.values() for n in t.notes),
    )


def whole_numbers(key: pd.Series) -> pd.Series:
    """Numeric identifiers as whole numbers: a source with gaps in the column holds 12347.0, which joins to nothing."""
    if (
        key.dtype.kind == "f"
        and key.notna().all()
        and (key == key.round()).all()
        and (key.abs() < 2**53).all()
    ):
        return key.astype("int64")
    return key


def _load(engine: Engine, names: Iterable[str], say: Progress) -> None:
    ordered = in_order(sorted(names), engine.tables)
    for step, name in enumerate(ordered):
        say("tables", 0.4 * step / len(ordered), f"Reading {name}")
        engine.load(name)
    engine.close_files()


def _tables(
    dataset: Dataset, features: Sequence[AnyFeature], label: LabelDefinition, *, outcome: bool
) -> set[str]:
    found = labels_compile.tables_needed(label, outcome=outcome)
    if dataset.tables.consent is not None:
        found.add(dataset.tables.consent.table)
    for feature in features:
        if not isinstance(feature, FormulaFeature):
            found |= features_compile.tables_needed(feature, label.row.table if label.row else None)
    return found


def _compile(engine: Engine, features: Sequence[AnyFeature], label: LabelDefinition | None) -> list[Compiled]:
    """One query per source table (and per `match` for a table without the entity), attributes and row values apart."""
    compiled: list[Compiled] = []
    rows = sorted(
        (f for f in features if isinstance(f, RowsFeature)), key=lambda f: (f.source, _apart(engine, f))
    )
    for _, group in groupby(rows, key=lambda f: (f.source, _apart(engine, f))):
        compiled.append(features_compile.compile_rows(engine, group))
    attributes = sorted((f for f in features if isinstance(f, EntityAttribute)), key=lambda f: f.table)
    for table, taken in groupby(attributes, key=lambda f: f.table):
        snapshot = engine.tables.table(table, "features.yaml").snapshot
        compile_table = compile_snapshots if snapshot else features_compile.compile_attributes
        compiled.append(compile_table(engine, table, taken))
    own = [f for f in features if isinstance(f, RowAttribute)]
    if own and label is not None and label.row is not None:
        compiled.append(features_compile.compile_row_values(engine, label.row.table, own))
    return compiled


def _apart(engine: Engine, feature: RowsFeature) -> tuple[str, ...]:
    return () if engine.tables.entity in engine.columns(feature.source) else feature.match


def _computed(feature: FormulaFeature, values: dict[str, pd.Series], n_rows: int) -> np.ndarray:
    try:
        return feature.recipe.value(values, n_rows)
    except DefinitionError as error:
        raise DefinitionError(error.code, f"{feature.place}: {error.message}", error.hint) from error


def _clean(values: pd.Series, made: Made) -> pd.Series:
    values = values.reset_index(drop=True)
    if made.is_number:
        numbers = values.to_numpy("float64", na_value=np.nan)
        if made.computed:
            numbers = settled(numbers)
        return pd.Series(numbers if made.empty is None else np.where(np.isnan(numbers), made.empty, numbers))
    if pd.api.types.is_datetime64_any_dtype(values):
        return values.astype("datetime64[us]")
    return values.astype("object").where(values.notna(), None)


def _quarantined(engine: Engine) -> dict[str, int]:
    return {f"quarantined:{t.table}": t.quarantined for t in engine.loaded.values()}


def _staleness(engine: Engine, cutoff: date) -> tuple[str, ...]:
    """A note when the newest event is more than a week older than the cutoff: recent behaviour would be missing."""
    last = max((t.last for t in engine.loaded.values() if t.last is not None), default=None)
    if last is None or (pd.Timestamp(cutoff) - pd.Timestamp(last)).days <= 7:
        return ()
    return (
        f"The newest event of the data is of {last:%Y-%m-%d}; a cutoff of {cutoff} sees nothing after it.",
    )


def _flat(dataset: Dataset, label: FlatLabel, task: str) -> TrainingFrame:
    from workbench.dataset.flat import flat_training_frame

    flat = dataset.flat
    if flat is None:
        raise TypeError("a flat label belongs to a flat dataset")
    source: Path = resolve(flat.source, flat.folder, table="flat")
    sentences: dict[str, Text] = flat.columns
    frame = flat_training_frame(
        source,
        label=label.column,
        positive=label.positive,
        kind=label.kind,
        id_column=flat.id,
        time_column=flat.time,
        known_after_event=label.known_after_event,
        name=task,
        sentences=sentences,
        options=flat.reading,
    )
    return replace(frame, task=task, known_before=label.known_before)
