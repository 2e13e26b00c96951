"""Worked examples of feature definitions: given rows, a cutoff and the values that must come out."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import pandas as pd

from workbench.dataset.build import feature_values
from workbench.dataset.catalog import Dataset
from workbench.errors import DefinitionError
from workbench.features.columns import CUTOFF_AT, ROW, SPINE
from workbench.features.compile import tables_needed
from workbench.features.definition import AnyFeature, EntityAttribute, Example, FormulaFeature, RowsFeature
from workbench.labels.definition import EachRow, LabelDefinition
from workbench.tables.engine import Engine, in_order
from workbench.tables.expression import columns_of


def failing_examples(dataset: Dataset) -> list[tuple[str, str]]:
    """(feature, what came out instead) for every example that does not hold."""
    return [
        (f.name, wrong)
        for f in dataset.features.values()
        for e in f.examples
        for wrong in run_example(dataset, f, e)
    ]


def run_example(dataset: Dataset, feature: AnyFeature, example: Example) -> list[str]:
    """One sentence per value that differs from what the example expects; empty when it holds.

    The row needs `cutoff_time`; columns that the example does not give are missing values."""
    if "cutoff_time" not in example.row:
        raise DefinitionError(
            "WB-F02",
            f"feature '{feature.name}': an example's row needs `cutoff_time`.",
            "Add cutoff_time: YYYY-MM-DD.",
        )
    if isinstance(feature, FormulaFeature):
        raise DefinitionError(
            "WB-F02",
            f"feature '{feature.name}': a formula has no rows to give.",
            "Give the example to the features that it reads.",
        )
    with Engine(dataset.tables) as engine:
        for name in in_order(sorted(tables_needed(feature, None)), dataset.tables):
            engine.put_rows(name, _given(dataset, feature, name, list(example.given.get(name, ()))))
        own = {k: _plain(v) for k, v in example.row.items() if k != "cutoff_time"}
        spine = pd.DataFrame([{ROW: 0, CUTOFF_AT: pd.Timestamp(example.row["cutoff_time"]), **own}])
        engine.put(SPINE, spine)
        values = feature_values(engine, [feature], _label_for(dataset), 1)
    wrong = []
    for name, expected in example.expect.items():
        if name not in values:
            wrong.append(f"the feature makes no column {name}; it makes {', '.join(values)}.")
        elif not _same(values[name].iloc[0], expected):
            wrong.append(f"{name} should be {expected} and is {values[name].iloc[0]}.")
    return wrong


def _given(dataset: Dataset, feature: AnyFeature, name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = dataset.tables.tables[name]
    joined = {j.table for j in table.join}
    columns = [*table.structural, *(r for row in rows for r in row), *_read_from(feature, name)]
    if name == getattr(feature, "source", None):
        columns.append(dataset.entity)
    foreign = {c for j in joined for c in dataset.tables.tables[j].structural} - {
        table.key,
        *table.keys,
        *(j.on for j in table.join),
    }
    columns = [c for c in dict.fromkeys(columns) if c not in foreign]
    frame = pd.DataFrame([{c: _plain(r.get(c)) for c in columns} for r in rows], columns=columns)
    if table.event_time in frame:
        frame[table.event_time] = pd.to_datetime(frame[table.event_time])
    return frame


def _read_from(feature: AnyFeature, name: str) -> list[str]:
    if isinstance(feature, EntityAttribute):
        return [feature.column_name] if feature.table == name else []
    if not isinstance(feature, RowsFeature):
        return []
    texts = [t for t in (feature.value, feature.where) if t is not None]
    named = [
        c for t in texts for table, c in columns_of(t, feature.name) if (table or feature.source) == name
    ]
    return named + (
        list(feature.match) if name in (feature.via, feature.source) and feature.via in (None, name) else []
    )


def _label_for(dataset: Dataset) -> LabelDefinition | None:
    return next(
        (x for x in dataset.labels.values() if isinstance(x, LabelDefinition) and isinstance(x.row, EachRow)),
        None,
    )


def _plain(value: Any) -> Any:
    return pd.Timestamp(value) if isinstance(value, date | datetime) else value


def _same(value: Any, expected: Any) -> bool:
    if expected is None:
        return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    if isinstance(expected, int | float) and isinstance(value, float):
        return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
    return str(value) == str(_plain(expected))
