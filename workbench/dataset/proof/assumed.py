"""What no computation can prove: values without a time are taken to have been known before every cutoff."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from workbench.dataset.build import feature_values, store_spine
from workbench.dataset.catalog import Dataset
from workbench.dataset.frame import LABEL, TrainingFrame
from workbench.dataset.leakage import leakage_findings
from workbench.dataset.proof.report import Proof
from workbench.dataset.proof.sample import by_hash
from workbench.features.columns import ROW
from workbench.features.definition import (
    AnyFeature,
    EntityAttribute,
    FormulaFeature,
    RowAttribute,
    RowsFeature,
)
from workbench.labels import compile as labels_compile
from workbench.labels.definition import LabelDefinition
from workbench.tables.engine import Engine
from workbench.tables.expression import columns_of

JUDGED_ROWS = 6_000


def assumptions(engine: Engine, dataset: Dataset, label: LabelDefinition) -> list[Proof]:
    """A warning per table without times that the task's features or rows read, with the columns they read."""
    read: dict[str, set[str]] = {}
    for table, column in _columns_read(engine, dataset, label):
        if dataset.tables.tables[table].event_time is None:
            read.setdefault(table, set()).add(column)
    found = []
    for table, columns in sorted(read.items()):
        told = ", ".join(sorted(columns)) or "which rows it has"
        found.append(
            Proof(
                f"{table}.*", "WB-V10", "warn",
                f"no knowledge time: proven only by your word ({told}). Was it the same on the day of each cutoff, or is "
                "it overwritten later?",
                columns=len(columns),
            )
        )  # fmt: skip
    own = sorted(set(_own_values(dataset, label)))
    if own and label.row is not None:
        found.append(
            Proof(
                f"{label.row.table}'s own values", "WB-V11", "warn",
                f"the row that is asked about is taken to be known at its own cutoff: proven only by your word ({', '.join(own)}).",
                columns=len(own),
            )
        )  # fmt: skip
    return found


def suspicions(engine: Engine, dataset: Dataset, label: LabelDefinition, training: pd.DataFrame) -> Proof:
    """Of the columns that rest on such tables, those that alone say too much about the label: a look-up that was
    overwritten with the outcome shows here."""
    name = "columns proven only by word"
    features = [f for f in dataset.features_for(label) if _rests_on_word(engine, dataset, label, f)]
    if not features:
        return Proof(name, "WB-V12", "skipped", "there are none")
    rows = _some(training, dataset.entity).reset_index(drop=True)
    rows[ROW] = range(len(rows))
    store_spine(engine, rows)
    values = feature_values(engine, features, label, len(rows))
    frame = TrainingFrame(
        f"{dataset.name}/{label.name}",
        label.kind,
        values.assign(**{LABEL: rows[labels_compile.LABEL].to_numpy()}),
        tuple(values.columns),
        event_class="yes",
        other_class="no",
    )
    findings = leakage_findings(frame)
    size = f"{len(rows):,} rows, {len(values.columns)} columns each judged alone"
    if not findings:
        return Proof(name, "WB-V12", "ok", f"none; {size}", len(rows), 0, len(values.columns))
    stop = any(f.severity == "stop" for f in findings)
    told = " ".join(f"{f.code} {f.message}" for f in findings)
    return Proof(
        name, "WB-V12", "failed" if stop else "warn", f"{told} ({size})", len(rows), 0, len(values.columns),
    )  # fmt: skip


def _some(training: pd.DataFrame, entity: str) -> pd.DataFrame:
    """All rows, or of a larger table those of some customers, chosen by a hash."""
    if len(training) <= JUDGED_ROWS:
        return training
    ordered = by_hash(training[entity])
    rank = training[entity].map({e: i for i, e in enumerate(ordered)})
    return training[rank < len(ordered) * JUDGED_ROWS / len(training)]


def _rests_on_word(engine: Engine, dataset: Dataset, label: LabelDefinition, feature: AnyFeature) -> bool:
    if isinstance(feature, RowAttribute):
        return True
    if isinstance(feature, FormulaFeature):
        return False  # it is computed from columns that are judged themselves
    tables = dataset.tables.tables
    return any(tables[t].event_time is None for t, _ in _named(engine, dataset, feature, label))


def _columns_read(engine: Engine, dataset: Dataset, label: LabelDefinition) -> Iterator[tuple[str, str]]:
    """(table, column) of everything that the features and the conditions of a task name."""
    for feature in dataset.features_for(label):
        yield from _named(engine, dataset, feature, label)
    for condition in (*label.conditions, label.outcome):
        read = columns_of(condition.where, label.name) if condition.where is not None else ()
        yield from _at_home(engine, dataset, condition.table, read)
    if label.row is not None and label.row.cutoff is not None:
        yield from _at_home(engine, dataset, label.row.table, [(None, label.row.cutoff)])


def _named(
    engine: Engine, dataset: Dataset, feature: AnyFeature, label: LabelDefinition
) -> Iterator[tuple[str, str]]:
    """(table, column) of what a feature names, joined columns under the table that they come from."""
    if isinstance(feature, EntityAttribute):
        yield feature.table, feature.column_name
    elif isinstance(feature, RowsFeature):
        read = [c for text in (feature.value, feature.where) if text for c in columns_of(text, feature.name)]
        time = dataset.tables.tables[feature.source].event_time
        yield from _at_home(engine, dataset, feature.source, [*read, *([(None, time)] if time else [])])
        if time is None:
            yield from ((feature.source, c) for c in feature.match)
        if feature.via is not None:
            yield from ((feature.via, c) for c in feature.match)
        for link in feature.link:
            table, dot, column = link.partition(".")
            if dot:
                yield table, column
    elif isinstance(feature, RowAttribute) and label.row is not None:
        yield from _at_home(engine, dataset, label.row.table, columns_of(feature.row, feature.name))


def _at_home(
    engine: Engine, dataset: Dataset, source: str, named: Iterable[tuple[str | None, str]]
) -> Iterator[tuple[str, str]]:
    """Each column with the table that holds it: the one named, a joined look-up, or the source itself."""
    table = dataset.tables.tables[source]
    for other, column in named:
        if other not in (None, source):
            yield str(other), column
            continue
        joined = [j.table for j in table.join if j.on != column and column in engine.columns(j.table)]
        yield joined[0] if joined else source, column


def _own_values(dataset: Dataset, label: LabelDefinition) -> Iterator[str]:
    """Columns of the row that is asked about which become features."""
    for feature in dataset.features_for(label):
        if isinstance(feature, RowAttribute) and label.row is not None:
            yield from (c for t, c in columns_of(feature.row, feature.name) if t in (None, label.row.table))
