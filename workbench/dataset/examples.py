"""Worked examples of definitions: given rows, a cutoff and the values that must come out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pandas as pd

from workbench.dataset.build import feature_values
from workbench.dataset.catalog import Dataset
from workbench.errors import DataError, DefinitionError, did_you_mean
from workbench.features.columns import CUTOFF_AT, ROW, SPINE
from workbench.features.compile import tables_needed
from workbench.features.definition import AnyFeature, EntityAttribute, Example, FormulaFeature, RowsFeature
from workbench.labels import compile as labels_compile
from workbench.labels.cutoffs import FixedCutoffs
from workbench.labels.definition import EachRow, FlatLabel, LabelDefinition
from workbench.tables.engine import Engine, in_order
from workbench.tables.expression import columns_of, kinds_wanted
from workbench.tables.kinds import Kind

_EMPTY: dict[Kind, str] = {
    "text": "string",
    "number": "float64",
    "date": "datetime64[us]",
    "yes-no": "boolean",
}


@dataclass(frozen=True)
class Failing:
    """One value that an example expects and that does not come out; `table` is one that the definition reads."""

    name: str  # of the feature or label
    table: str
    sentence: (
        str  # feature 'spend', example 2 (features.yaml, line 12): spend_sum_30d should be 7 and is 0.0.
    )


def failing_examples(dataset: Dataset, columns: Mapping[str, Iterable[str]] | None = None) -> list[Failing]:
    """What came out instead, for every example of a feature or label that does not hold.

    Raises WB-T05 for an example that gives rows of an unknown table, and, where the tables' `columns` are known, WB-T12 for an unknown column."""
    for definition in (*dataset.features.values(), *dataset.labels.values()):
        if not isinstance(definition, FlatLabel):
            for example in definition.examples:
                _expect_known(dataset, definition, example, columns or {})
    found = [
        Failing(f.name, _table_of(f, e), f"feature '{f.name}', {e.written_at}: {wrong}")
        for f in dataset.features.values()
        for e in f.examples
        for wrong in run_example(dataset, f, e)
    ]
    for label in dataset.labels.values():
        if isinstance(label, LabelDefinition):
            found += [
                Failing(label.name, label.outcome.table, f"label '{label.name}', {e.written_at}: {wrong}")
                for e in label.examples
                for wrong in run_label_example(dataset, label, e)
            ]
    return found


def _expect_known(
    dataset: Dataset,
    definition: AnyFeature | LabelDefinition,
    example: Example,
    columns: Mapping[str, Iterable[str]],
) -> None:
    where = _where(definition, example)
    for name, rows in example.given.items():
        dataset.tables.table(name, where)
        for given in dict.fromkeys(c for row in rows for c in row) if name in columns else ():
            if given not in columns[name]:
                raise DefinitionError(
                    "WB-T12",
                    f"{where}: table '{name}' has no column '{given}', which the example gives.",
                    did_you_mean(given, columns[name], shown=40),
                )
    if example.values is None:
        _expect_known_row(dataset, definition, example, where, columns)


def _expect_known_row(
    dataset: Dataset,
    definition: AnyFeature | LabelDefinition,
    example: Example,
    where: str,
    columns: Mapping[str, Iterable[str]],
) -> None:
    """The row asked about names its entity and, where a label's rows are those of a table, their columns."""
    labels = [definition] if isinstance(definition, LabelDefinition) else dataset.labels.values()
    tables = {x.row.table for x in labels if isinstance(x, LabelDefinition) and x.row is not None}
    if not tables.issubset(columns):
        return
    offered = dict.fromkeys((dataset.entity, "cutoff_time", *(c for t in sorted(tables) for c in columns[t])))
    for name in example.row:
        if name not in offered:
            raise DefinitionError(
                "WB-T12",
                f"{where}: the example's row has no column '{name}'.",
                did_you_mean(name, offered, shown=40),
            )


def _where(definition: AnyFeature | LabelDefinition, example: Example) -> str:
    what = "label" if isinstance(definition, LabelDefinition) else "feature"
    return f"{what} '{definition.name}', {example.written_at}"


def _asked_at(definition: AnyFeature | LabelDefinition, example: Example) -> datetime:
    """The example's `cutoff_time` by the tables' own clock. Raises WB-F02 where there is none, or one with a zone."""
    given = example.row.get("cutoff_time")
    where = _where(definition, example)
    try:
        asked = datetime.fromisoformat(str(given)) if given is not None else None
    except ValueError:
        asked = None
    if asked is None:
        said = "an example's row needs `cutoff_time`" if given is None else f"`cutoff_time` is {str(given)!r}"
        raise DefinitionError("WB-F02", f"{where}: {said}.", "Write cutoff_time: YYYY-MM-DD.")
    if asked.tzinfo is not None:
        raise DefinitionError(
            "WB-F02",
            f"{where}: `cutoff_time` names a time zone ({given}), but cutoffs are told by the tables' own clock.",
            "Write it without the zone.",
        )
    return asked


def _table_of(feature: AnyFeature, example: Example) -> str:
    if isinstance(feature, RowsFeature):
        return feature.source
    return feature.table if isinstance(feature, EntityAttribute) else next(iter(example.given), "")


def run_label_example(dataset: Dataset, label: LabelDefinition, example: Example) -> list[str]:
    """What differs from the label that the example expects of its row: 1, 0 or left out; empty when it holds.

    The row names its keys and `cutoff_time`, which need not be one of the label's own cutoffs. Where the dataset does not
    say from when it is observed, the given rows do not either: nothing is left-censored."""
    asked = _asked_at(label, example)
    tables = replace(dataset.tables, observed_from=dataset.tables.observed_from or datetime(1900, 1, 1))
    one = label if label.cutoffs is None else replace(label, cutoffs=FixedCutoffs((asked.date(),)))
    needed = labels_compile.tables_needed(one) | ({tables.consent.table} if tables.consent else set())
    with Engine(tables) as engine:
        for name in in_order(sorted(needed), tables):
            engine.put_rows(name, _given_for(dataset, one, name, list(example.given.get(name, ()))))
        try:
            rows = labels_compile.training_rows(engine, one).rows
        except DataError as nobody:
            if nobody.code not in ("WB-L05", "WB-L12"):
                raise
            rows = pd.DataFrame({CUTOFF_AT: []})
    mine = pd.to_datetime(rows[CUTOFF_AT]) == asked
    for key, value in example.row.items():
        if key != "cutoff_time" and len(rows):
            mine &= rows[key].astype(str) == str(value)
    found = rows[mine]
    got = "left out" if found.empty else int(found[labels_compile.LABEL].iloc[0])
    expected = example.expect["label"]
    return [] if got == expected else [f"the label should be {expected} and is {got}."]


def _given_for(
    dataset: Dataset, label: LabelDefinition, name: str, rows: list[dict[str, Any]]
) -> pd.DataFrame:
    """A label's given rows, with every column that its conditions read."""
    asked = [c for c in (*label.conditions, label.outcome) if c.where is not None]
    read, wanted = [], {}
    for condition in asked:
        text = condition.where or ""
        read += [c for t, c in columns_of(text, label.name) if (t or condition.table) == name]
        wanted |= _wanted_of(text, condition.table, name, condition=True)
    frame = _given(dataset, [], name, [dict.fromkeys(read) | row for row in rows], wanted=wanted)
    table = dataset.tables.tables[name]
    lacking = [*read, *([] if table.key is not None else [dataset.entity])]
    for column in dict.fromkeys(c for c in lacking if c not in frame):
        frame[column] = pd.Series(dtype=_EMPTY[wanted.get(column, "text")])
    return frame


def run_example(dataset: Dataset, feature: AnyFeature, example: Example) -> list[str]:
    """One sentence per value that differs from what the example expects; empty when it holds.

    A row needs `cutoff_time`; columns that the example does not give are missing values. What is computed from other
    columns is given their `values`, or rows for the definitions that it reads."""
    values = (
        _from_values(feature, example)
        if example.values is not None
        else _from_rows(dataset, feature, example)
    )
    wrong = []
    for name, expected in example.expect.items():
        if name not in values:
            wrong.append(f"the feature makes no column {name}; it makes {', '.join(values)}.")
        elif not _same(values[name].iloc[0], expected):
            wrong.append(f"{name} should be {expected} and is {values[name].iloc[0]}.")
    return wrong


def _from_values(feature: AnyFeature, example: Example) -> dict[str, pd.Series]:
    given = example.values or {}
    if not isinstance(feature, FormulaFeature):
        raise DefinitionError(
            "WB-F02",
            f"{feature.place}: `values` of other columns say nothing about it.",
            "Give rows: given: {table: [...]}, row: {...}.",
        )
    for name in given:
        if name not in feature.operands:
            raise DefinitionError(
                "WB-F02",
                f"{feature.place}: its example gives '{name}', which it does not read.",
                did_you_mean(name, feature.operands),
            )
    columns = {name: pd.Series([_value_of(given.get(name))]) for name in feature.operands}
    return {feature.name: pd.Series(feature.recipe.value(columns, 1))}


def _value_of(given: Any) -> Any:
    return given if isinstance(given, str) else math.nan if given is None else float(given)


def _from_rows(dataset: Dataset, feature: AnyFeature, example: Example) -> dict[str, pd.Series]:
    asked = _asked_at(feature, example)
    if dataset.entity not in example.row:
        raise DefinitionError(
            "WB-F02",
            f"{_where(feature, example)}: the example's row needs `{dataset.entity}`.",
            f"Add {dataset.entity}: the one that is asked about.",
        )
    needed = with_operands(dataset.features, feature)
    with Engine(dataset.tables) as engine:
        tables = {t for f in needed if not isinstance(f, FormulaFeature) for t in tables_needed(f, None)}
        for name in in_order(sorted(tables), dataset.tables):
            engine.put_rows(name, _given(dataset, needed, name, list(example.given.get(name, ()))))
        own = {k: _plain(v) for k, v in example.row.items() if k != "cutoff_time"}
        spine = pd.DataFrame([{ROW: 0, CUTOFF_AT: pd.Timestamp(asked), **own}])
        engine.put(SPINE, spine)
        values = feature_values(engine, needed, _label_for(dataset), 1)
    return {c.name: values[c.name] for c in feature.columns()}


def with_operands(features: Mapping[str, AnyFeature], feature: AnyFeature) -> list[AnyFeature]:
    """The definition after all that it reads, directly or through others."""
    makers = {c.name: f for f in features.values() for c in f.columns()}
    ordered: dict[str, AnyFeature] = {}

    def add(one: AnyFeature) -> None:
        for operand in one.operands if isinstance(one, FormulaFeature) else ():
            if makers[operand].name not in ordered:
                add(makers[operand])
        ordered[one.name] = one

    add(feature)
    return list(ordered.values())


def _given(
    dataset: Dataset,
    features: list[AnyFeature],
    name: str,
    rows: list[dict[str, Any]],
    *,
    wanted: dict[str, Kind] | None = None,
) -> pd.DataFrame:
    table = dataset.tables.tables[name]
    joined = {j.table for j in table.join}
    columns = [*table.structural, *(r for row in rows for r in row)]
    columns += [c for f in features for c in _read_from(f, name)]
    if any(name == getattr(f, "source", None) for f in features):
        columns.append(dataset.entity)
    foreign = {c for j in joined for c in dataset.tables.tables[j].structural} - {
        table.key,
        *table.keys,
        *(j.on for j in table.join),
    }
    columns = [c for c in dict.fromkeys(columns) if c not in foreign]
    frame = pd.DataFrame([{c: _plain(r.get(c)) for c in columns} for r in rows], columns=columns)
    if table.event_time in frame:
        frame[table.event_time] = _moments(frame[table.event_time], name)
    kinds = {c: k for f in features for c, k in _kinds_from(f, name).items()} | (wanted or {})
    for empty in (c for c in frame if frame[c].isna().all() and c != table.event_time):
        frame[empty] = frame[empty].astype(_EMPTY[kinds.get(str(empty), "text")])
    return frame


def _moments(given: pd.Series, table: str) -> pd.Series:
    try:
        read = pd.to_datetime(given)
    except (ValueError, TypeError):
        read = None
    if read is None or read.dtype.kind != "M" or isinstance(read.dtype, pd.DatetimeTZDtype):
        raise DefinitionError(
            "WB-F02",
            f"an example's rows of '{table}' have a `{given.name}` that is no moment without a zone: {', '.join(map(str, given))}.",
            "Write YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS.",
        )
    return read


def _kinds_from(feature: AnyFeature, name: str) -> dict[str, Kind]:
    """What columns must hold even where an example gives none of their values."""
    if not isinstance(feature, RowsFeature):
        return {}
    kinds: dict[str, Kind] = {}
    if feature.where is not None:
        kinds |= _wanted_of(feature.where, feature.source, name, condition=True)
    if feature.value is not None:
        if any(a.needs == "number" for a in feature.aggregate):
            read = columns_of(feature.value, feature.name)
            kinds |= {c: "number" for t, c in read if (t or feature.source) == name}
        kinds |= _wanted_of(feature.value, feature.source, name, condition=False)
    return kinds


def _wanted_of(text: str, source: str, name: str, *, condition: bool) -> dict[str, Kind]:
    wanted = kinds_wanted(text, "an example", condition=condition)
    return {c: kind for (table, c), kind in wanted.items() if (table or source) == name}


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
