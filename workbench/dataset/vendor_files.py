"""Vendor files with an as-of date: values computed later tell about the past what nobody knew then."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from sqlglot import exp

from workbench.dataset.catalog import Dataset
from workbench.dataset.lineage import feature_lineage, label_lineage
from workbench.errors import DataError
from workbench.labels.definition import LabelDefinition
from workbench.tables.checks import Finding
from workbench.tables.engine import KNOWN, Engine, column, moment, named
from workbench.tables.schema import Table


def retro_scored(
    dataset: Dataset, label: LabelDefinition, first_cutoff: datetime | None = None
) -> list[Finding]:
    """WB-T32 for every table read whose `as_of:` date is not before the label's first cutoff.

    A label with `row:` has its cutoffs in the data: pass the first one, else nothing is judged."""
    first = first_cutoff
    if first is None and label.cutoffs is not None:
        first = label.cutoffs.moments()[0]
    if first is None:
        return []
    return [
        _refused(dataset, label, table, table.as_of, first)
        for table in _tables_read(dataset, label)
        if table.as_of is not None and first < _usable_from(table.as_of)
    ]


def stop_if_retro_scored(dataset: Dataset, label: LabelDefinition, cutoffs: pd.Series) -> None:
    """Raises DataError WB-T32 where a vendor's file was made after the first of the cutoffs."""
    found = retro_scored(dataset, label, cutoffs.min().to_pydatetime()) if len(cutoffs) else []
    if found:
        raise DataError(found[0].code, found[0].message, found[0].hint)


def too_young(engine: Engine, dataset: Dataset, label: LabelDefinition, cutoffs: pd.Series) -> list[Finding]:
    """WB-T33 for tables with an `as_of:` column: how many rows do not count, since they were made too late."""
    if cutoffs.empty:
        return []
    first, last = (m.to_pydatetime() for m in (cutoffs.min(), cutoffs.max()))
    found = []
    for table in _tables_read(dataset, label):
        if table.as_of_column is None or table.name not in engine.loaded:
            continue
        counted = [
            exp.func("count_if", exp.GTE(this=column(KNOWN), expression=moment(m))) for m in (first, last)
        ]
        some, never = (int(n or 0) for n in engine.row(exp.select(*counted).from_(named(table.name))))
        if some:
            rows = engine.loaded[table.name].rows
            found.append(
                Finding(
                    "WB-T33",
                    "warn",
                    table.name,
                    table.as_of_column,
                    f"label '{label.name}': of {rows:,} rows of '{table.name}', {never:,} are dated ({table.as_of_column}) "
                    f"at or after the last cutoff {last:%Y-%m-%d} and never count; {some - never:,} count for later cutoffs only.",
                    "Ask the vendor for values as of earlier days, or choose later cutoffs.",
                    some,
                )
            )
    return found


def _tables_read(dataset: Dataset, label: LabelDefinition) -> list[Table]:
    """The tables that the label's own queries read, in the order of tables.yaml."""
    reads = [*label_lineage(dataset, label)]
    for found in feature_lineage(dataset, label).values():
        reads += found
    named_tables = {r.table for r in reads if not r.derived}
    return [t for n, t in dataset.tables.tables.items() if n in named_tables]


def _usable_from(as_of: datetime) -> datetime:
    """A day without an hour ends before the file that bears it is surely there."""
    whole_day = (as_of.hour, as_of.minute, as_of.second, as_of.microsecond) == (0, 0, 0, 0)
    return as_of + (timedelta(days=1) if whole_day else timedelta(microseconds=1))


def _refused(
    dataset: Dataset, label: LabelDefinition, table: Table, as_of: datetime, first: datetime
) -> Finding:
    usable = _usable_from(as_of)
    offered = [m for m in (label.cutoffs.moments() if label.cutoffs else ()) if m >= usable]
    earliest = f"{offered[0]:%Y-%m-%d}" if offered else f"{usable:%Y-%m-%d}"
    return Finding(
        "WB-T32",
        "stop",
        table.name,
        label.name,
        f"label '{label.name}' has a cutoff on {first:%Y-%m-%d}, but table '{table.name}' was made as of {as_of:%Y-%m-%d}: "
        "it may hold what nobody knew at the cutoff.",
        f"The earliest usable cutoff is {earliest}. Or ask for the file as of {first - timedelta(days=1):%Y-%m-%d}, or leave its features out.",
    )
