"""The columns that a model needs, each with the type that was decided in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from workbench.dataset.frame import TrainingFrame
from workbench.errors import DataError, did_you_mean
from workbench.tables.headers import clean_name, column_names, listed
from workbench.tables.types import UNREADABLE_SHARE, VERBATIM, ColumnType, Reading, Values, read_as

_HELD = {"number": "numbers", "date": "dates", "category": "text", "text": "text"}


@dataclass(frozen=True)
class Column:
    """One feature: its name, its type, how text is read into it, and the name it has in files if that differs.

    `missing` are words that training could not read and took for missing.
    """

    name: str
    type: ColumnType
    form: str = ""
    source: str = ""
    missing: tuple[str, ...] = ()

    @property
    def reading(self) -> Reading:
        return Reading(self.type, self.form, self.missing)


@dataclass(frozen=True)
class ColumnSchema:
    """What a model asks of a table: feature columns in the model's order, and the columns that name a row.

    >>> ColumnSchema.from_dict(ColumnSchema((Column("age", "number"),), ("id",)).as_dict()).names
    ('age',)
    """

    columns: tuple[Column, ...]
    keys: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def as_dict(self) -> dict[str, Any]:
        columns = [asdict(c) | {"missing": list(c.missing)} for c in self.columns]
        return {"columns": columns, "keys": list(self.keys)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ColumnSchema:
        columns = (replace(Column(**c), missing=tuple(c["missing"])) for c in stored["columns"])
        return cls(tuple(columns), tuple(stored["keys"]))


@dataclass(frozen=True)
class FlatFrame(TrainingFrame):
    """A training frame from one file, which remembers how the file's columns were read."""

    schema: ColumnSchema = ColumnSchema(())


def schema_of(frame: TrainingFrame) -> ColumnSchema:
    """The schema by which other rows are brought into this frame's shape."""
    if isinstance(frame, FlatFrame):
        return frame.schema
    return ColumnSchema(tuple(_column(frame.rows[name], name) for name in frame.features), frame.keys)


def _column(series: pd.Series, name: str) -> Column:
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return Column(name, "date")
    if pd.api.types.is_numeric_dtype(series.dtype) and not isinstance(series.dtype, pd.CategoricalDtype):
        return Column(name, "number")
    return Column(name, "category", VERBATIM)


def conform(df: pd.DataFrame, schema: ColumnSchema) -> pd.DataFrame:
    """The schema's columns of `df`, in its order and types: float64, datetime64[us] or str, on df's own index.

    Further columns are ignored, the label is not needed, levels never seen before stay as they are. Infinite
    numbers and dates outside 1800-2200 become missing, and so do cells that cannot be read, up to 5% of a column.

    Raises DataError: WB-P01 a column is missing; WB-P02 a column holds another type than in training.
    """
    return conform_noting(df, schema)[0]


def conform_noting(df: pd.DataFrame, schema: ColumnSchema) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Like `conform`, with sentences on what became missing on the way."""
    places = _places(df, schema)
    values = {c.name: read_as(df.iloc[:, places[c.name]], c.reading) for c in schema.columns}
    _refuse_changed(values, schema)
    notes = []
    for what, hit in (
        ("infinite numbers", {n: v.infinite for n, v in values.items() if v.infinite}),
        ("unreadable cells", {n: v.unreadable for n, v in values.items() if v.unreadable}),
        ("dates before 1800 or after 2200", {n: v.impossible for n, v in values.items() if v.impossible}),
    ):
        if hit:
            notes.append(f"{sum(hit.values()):,} {what} were counted as missing, in {listed(hit)}.")
    return pd.DataFrame({n: v.series for n, v in values.items()}, index=df.index), tuple(notes)


def _places(df: pd.DataFrame, schema: ColumnSchema) -> dict[str, int]:
    """Where each column of the schema stands in the table."""
    known = {name: place for place, name in reversed(list(enumerate(column_names(df.columns))))}
    found, missing = {}, []
    for column in schema.columns:
        wanted = next((n for n in (column.name, column.source or column.name) if n in known), None)
        if wanted is None:
            missing.append(column.source or column.name)
        else:
            found[column.name] = known[wanted]
    if missing:
        raise missing_columns(missing, known)
    return found


def missing_columns(missing: list[str], known: Mapping[str, int]) -> DataError:
    """The refusal of a table that lacks columns."""
    what = (
        f"column {listed(missing)}"
        if len(missing) == 1
        else f"{len(missing)} columns: {listed(missing, shown=12)}"
    )
    return DataError(
        "WB-P01",
        f"The table lacks {what}, which the model was trained on.",
        f"Add what is missing under the same name. For '{missing[0]}': {did_you_mean(missing[0], known)}",
    )


def _refuse_changed(values: Mapping[str, Values], schema: ColumnSchema) -> None:
    changed = []
    for column in schema.columns:
        read = values[column.name]
        present = read.unreadable + int(read.series.notna().sum()) + read.infinite + read.impossible
        if read.unreadable > UNREADABLE_SHARE * present:
            changed.append((column, read, present))
    if not changed:
        return
    column, read, present = changed[0]
    also = (
        f" The same holds for {listed(c.source or c.name for c, _, _ in changed[1:])}."
        if len(changed) > 1
        else ""
    )
    raise DataError(
        "WB-P02",
        f"Column '{clean_name(column.source or column.name)}' held {_HELD[column.type]} in training, but here "
        f"{read.unreadable:,} of {present:,} values cannot be read as such, for example '{read.example[:60]}'; "
        f"up to {UNREADABLE_SHARE:.0%} may be unreadable.{also}",
        "Export the column as it was for training, or train again on tables of the new kind.",
    )
