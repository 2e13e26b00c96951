"""A flat file, one row per customer and the outcome beside it: the simplest dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset.classes import choose_classes, label_values, spelled_alike
from workbench.dataset.frame import CUTOFF, LABEL, OUTCOME_KNOWN, Kind
from workbench.dataset.schema import Column, ColumnSchema, FlatFrame, conform_noting, missing_columns
from workbench.errors import DataError, did_you_mean
from workbench.tables.dates import DIGITS_ONLY
from workbench.tables.headers import clean_name, column_names, listed
from workbench.tables.options import NOTHING_STATED, ReadOptions, StatedType
from workbench.tables.read import RawTable, read_raw, reading_notes, zones_noticed
from workbench.tables.shape import refuse_unknown
from workbench.tables.types import (
    UNREADABLE_SHARE,
    Reading,
    Values,
    as_text,
    is_textual,
    read_as,
    reading_of,
    stated_reading,
    understood,
)
from workbench.text import Text, counted

RESERVED = (LABEL, CUTOFF, OUTCOME_KNOWN)  # what a training frame calls its own columns
ROW = "row"

# text with more different values than this share of its rows names rows or is free text
_DIFFERENT_SHARE = 0.5
_DIFFERENT_AT_LEAST = 20
_TELLING = 20  # rows that differ in the first so many columns need not be compared in the others


@dataclass(frozen=True)
class ScoringRows:
    """A file to be scored: `keys, features = flat_scoring_frame(...)`, and what was noticed on the way."""

    keys: pd.DataFrame
    features: pd.DataFrame
    notes: tuple[str, ...] = ()
    quarantined: int = 0

    def __iter__(self) -> Iterator[pd.DataFrame]:
        return iter((self.keys, self.features))


def flat_training_frame(
    source: Path,
    *,
    label: str,
    name: str,
    positive: str | None = None,
    kind: Kind = "response",
    id_column: str | None = None,
    time_column: str | None = None,
    known_after_event: tuple[str, ...] = (),
    sentences: Mapping[str, Text | str | Mapping[str, str]] | None = None,
    options: ReadOptions = NOTHING_STATED,
) -> FlatFrame:
    """Read a file with one binary label column into a training frame.

    Rows without a label are left out and counted, and so are exact copies of a row where `id_column` tells that
    they are the same customer's. Columns that cannot teach (constant, empty, different in nearly every row, a
    running number) are set aside with a note and not asked for at scoring. `id_column` may repeat: its rows then
    depend on each other. `time_column` dates the rows for a test out of time and is no feature.

    Raises DataError: WB-T61 to WB-T69 as `read_table`; WB-D01 no such label column; WB-D02 to WB-D06 as
    `choose_classes`; WB-D07 no such id column; WB-D08 no such time column; WB-D09 its values are no dates; WB-D10 no
    such column known after the event; WB-D11 nothing is left to learn from; WB-D12 one column in two roles.
    """
    raw = read_raw(source, options=options)
    refuse_unknown(options.types, dict.fromkeys(map(str, raw.frame.columns)), name, "types")
    roles = _roles(raw, label, id_column, time_column, known_after_event)
    notes = list(raw.told)
    counts = {"broken_rows": raw.quarantined} if raw.quarantined else {}

    outcome, merged = spelled_alike(label_values(raw.frame[roles.label]))
    classes = choose_classes(outcome, column=roles.label, positive=positive)
    notes[:0] = [classes.sentence, merged] if merged else [classes.sentence]
    keep = outcome.notna()
    if not keep.all():
        counts["missing_label"] = int((~keep).sum())
        notes.append(
            f"{counted(counts['missing_label'], 'row')} without a label {'was' if counts['missing_label'] == 1 else 'were'} left out."
        )
    times = None if roles.time is None else _times(raw.frame[roles.time], roles.time)
    if times is not None:
        keep = _dated(times, keep, counts, notes)
    keep = _without_copies(raw.frame, keep, roles, counts, notes)
    if counts:  # rows were left out: is enough still there?
        choose_classes(outcome[keep], column=roles.label, positive=classes.event)

    return _assemble(
        raw.frame[keep].reset_index(drop=True),
        roles=roles,
        event=(outcome[keep] == classes.event).to_numpy(),
        times=None if times is None else times[keep].to_numpy(),
        decimal_comma=raw.decimal_comma,
        stated=options.types,
        notes=notes,
        about={
            "task": name,
            "kind": kind,
            "event_class": classes.event,
            "other_class": classes.other,
            "counts": counts,
            "sources": {source.name: raw.fingerprint},
        },
        sentences=sentences or {},
    )


def flat_scoring_frame(source: Path, schema: ColumnSchema) -> ScoringRows:
    """A file's key columns and its features as the model knows them, in the file's order.

    Unpacks as `keys, features`. A model without key columns gets `row`, the row's number from 1.

    Raises DataError: WB-T61 to WB-T69 as `read_table`; WB-P01 a column is missing; WB-P02 a column changed its type.
    """
    raw = read_raw(source)
    known = {str(c): i for i, c in enumerate(raw.frame.columns)}
    lacking = [k for k in schema.keys if k not in known]
    if lacking:
        raise missing_columns(lacking, known)
    features, notes = conform_noting(raw.frame, schema)
    if schema.keys:
        keys = pd.DataFrame({k: _key(raw.frame[k]) for k in schema.keys})
    else:
        keys = pd.DataFrame({ROW: np.arange(1, len(raw.frame) + 1)})
    return ScoringRows(keys, features, raw.told + notes, raw.quarantined)


@dataclass(frozen=True)
class _Roles:
    label: str
    id: str | None
    time: str | None
    after: tuple[str, ...]

    @property
    def apart(self) -> set[str]:
        """The columns that are not features."""
        return {c for c in (self.label, self.id, self.time, *self.after) if c is not None}


def _roles(
    raw: RawTable, label: str, id_column: str | None, time_column: str | None, after: tuple[str, ...]
) -> _Roles:
    known = [str(c) for c in raw.frame.columns]

    def found(name: str, code: str, what: str) -> str:
        for spelled in (name, clean_name(name)):
            if spelled in known:
                return spelled
        raise DataError(code, f"The table has no column '{name}' ({what}).", did_you_mean(name, known))

    roles = _Roles(
        found(label, "WB-D01", "the label"),
        None if id_column is None else found(id_column, "WB-D07", "the id column"),
        None if time_column is None else found(time_column, "WB-D08", "the time column"),
        tuple(dict.fromkeys(found(c, "WB-D10", "known only after the event") for c in after)),
    )
    single = [c for c in (roles.label, roles.id, roles.time) if c is not None]
    twice = next((c for c in single if single.count(c) > 1 or c in roles.after and c == roles.label), None)
    if twice is not None:
        raise DataError(
            "WB-D12",
            f"Column '{twice}' is given two roles; label, id, time and known-after-event columns must be different ones.",
            "Name another column for one of them.",
        )
    return roles


def _times(series: pd.Series, column: str) -> pd.Series:
    """The time column as datetime64[us]; months (202503, 2025-03) and years count as their first day."""
    reading = reading_of(series)
    if reading.type != "date":
        for form in () if _is_fraction(series) else DIGITS_ONLY:
            values = read_as(series, Reading("date", form))
            if values.unreadable + values.impossible == 0 and values.series.notna().any():
                return values.series
        if series.isna().all() or as_text(series).null_count == len(series):
            raise DataError(
                "WB-D09",
                f"Time column '{column}' has no values: every cell is missing.",
                "Fill it in, or leave it out.",
            )
        values = read_as(series.astype("str"), Reading("date"))
        present = values.unreadable + int(values.series.notna().sum())
        raise DataError(
            "WB-D09",
            f"Time column '{column}' cannot be read as dates: {values.unreadable:,} of {present:,} values are none, for "
            f"example '{values.example[:60]}'; up to {UNREADABLE_SHARE:.0%} may be unreadable.",
            "Write dates like 2025-03-31 or 2025-03-31 08:30:00, or leave the time column out.",
        )
    return read_as(series, reading).series


def _dated(times: pd.Series, keep: pd.Series, counts: dict[str, int], notes: list[str]) -> pd.Series:
    """Leave out rows without a time: no test out of time could place them."""
    undated = int((keep & times.isna()).sum())
    if undated:
        counts["missing_time"] = undated
        notes.append(
            f"{counted(undated, 'row')} without a readable time in '{times.name}' {'was' if undated == 1 else 'were'} left out."
        )
    return keep & times.notna()


def _is_fraction(series: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(series.dtype) and not (series.dropna() % 1 == 0).all()


def _without_copies(
    frame: pd.DataFrame, keep: pd.Series, roles: _Roles, counts: dict[str, int], notes: list[str]
) -> pd.Series:
    """Leave out exact copies where an id column proves them; else only say how many rows look alike."""
    alike = frame.loc[keep, frame.columns[:_TELLING]].duplicated(keep=False)
    copies = frame[keep][alike].duplicated().reindex(frame.index, fill_value=False)
    number = int(copies.sum())
    if not number:
        return keep
    if roles.id is None:
        notes.append(
            f"{number:,} rows are the same as an earlier one in every column; they were kept, since without an id column "
            f"they may be different customers."
        )
        return keep
    counts["duplicate_rows"] = number
    notes.append(
        f"{number:,} rows were exact copies of an earlier one, '{roles.id}' included, and were left out."
    )
    return keep & ~copies


def _assemble(
    frame: pd.DataFrame,
    *,
    roles: _Roles,
    event: np.ndarray,
    times: np.ndarray | None,
    decimal_comma: bool,
    stated: Mapping[str, StatedType],
    notes: list[str],
    about: dict[str, Any],
    sentences: Mapping[str, Text | str | Mapping[str, str]],
) -> FlatFrame:
    if roles.after:
        notes.append(f"Known only after the event, so not used: {listed(roles.after)}.")
    understandings = {
        str(c): _understood(series, stated.get(str(c)), decimal_comma=decimal_comma)
        for c, series in frame.items()
        if c not in roles.apart
    }
    readings = {c: reading for c, (reading, _) in understandings.items()}
    values = {c: read for c, (_, read) in understandings.items()}
    used = _set_aside(frame, readings, values, notes)
    if not used:
        raise DataError(
            "WB-D11",
            f"No column is left to learn from beside the label '{roles.label}'. " + " ".join(notes[-4:]),
            "Give a table with columns that differ between customers.",
        )
    told = {c: values[c] for c in used}
    notes.extend(reading_notes(frame, {c: readings[c] for c in used}, told))
    notes.extend(n.sentence for n in zones_noticed(told))
    names = _own_names(used, [c for c in (roles.id, roles.time) if c is not None])
    columns = [
        Column(names[c], readings[c].type, readings[c].form, c if names[c] != c else "", values[c].words)
        for c in used
    ]
    data: dict[str, Any] = {}
    if roles.id is not None:
        data[names[roles.id]] = _ids(frame[roles.id], roles.id, notes)
    if roles.time is not None:
        data[names[roles.time]] = times
    data.update({names[c]: _feature(values[c]) for c in used})
    data[LABEL] = event.astype(np.int8)
    key = None if roles.id is None else names[roles.id]
    return FlatFrame(
        **about,
        rows=pd.DataFrame(data),
        features=tuple(c.name for c in columns),
        keys=() if key is None else (key,),
        entity=key,
        time=None if roles.time is None else names[roles.time],
        sentences={names[c]: Text.of(sentences.get(c, c)) for c in used},
        groups=dict.fromkeys((c.name for c in columns), about["task"]),
        notes=tuple(notes),
        schema=ColumnSchema(tuple(columns), () if roles.id is None else (roles.id,)),
    )


def _understood(
    series: pd.Series, stated: StatedType | None, *, decimal_comma: bool
) -> tuple[Reading, Values]:
    if stated is None:
        return understood(series, decimal_comma=decimal_comma)
    reading = stated_reading(series, stated, decimal_comma=decimal_comma)
    return reading, read_as(series, reading)


def _key(series: pd.Series) -> pd.Series:
    """Key values as the file spells them; whole numbers that gaps made floats are text without a decimal point.

    A sheet's mixture of numbers and text becomes text: one column of one kind.
    """
    if not (pd.api.types.is_float_dtype(series.dtype) or series.dtype == object):
        return series
    return pd.Series(as_text(series).to_pandas().to_numpy(), index=series.index, dtype="str")


def _ids(series: pd.Series, column: str, notes: list[str]) -> pd.Series:
    """The id column; a row without an id depends on no other and gets a name of its own."""
    text = as_text(series).to_pandas()
    nameless = text.isna().to_numpy()
    if not nameless.any():
        return _key(series)
    notes.append(
        f"{int(nameless.sum()):,} rows have no '{column}'; each was taken for a customer of its own."
    )
    own = [f"(row {place})" for place in range(1, len(series) + 1)]
    return pd.Series(np.where(nameless, own, text.to_numpy()), index=series.index, dtype="str")


def _feature(values: Values) -> pd.Series:
    series = values.series
    return series.astype(np.float64) if pd.api.types.is_bool_dtype(series.dtype) else series


def _own_names(used: list[str], apart: list[str]) -> dict[str, str]:
    """Column -> its name in the frame: its own, unless the frame needs that name itself."""
    columns = [*apart, *used]
    own = {c: c for c in columns}
    for reserved in RESERVED:
        if reserved in own and not (reserved == CUTOFF and reserved in apart):
            free = column_names([*columns, f"{reserved} (column)"])[-1]
            own[reserved] = free
    return own


def _set_aside(
    frame: pd.DataFrame, readings: dict[str, Reading], values: dict[str, Values], notes: list[str]
) -> list[str]:
    """The columns that can teach something; a note names the others by reason."""
    reasons: dict[str, list[str]] = {}
    used = []
    sources = dict(frame.items())
    for column, read in values.items():
        reason = _no_use(sources[column], readings[column], read.series)
        if reason:
            reasons.setdefault(reason, []).append(column)
        else:
            used.append(column)
    numbering = [
        c for c in used if readings[c].type == "number" and _all_different(sources[c], values[c].series)
    ]
    if numbering:
        notes.append(
            f"Every row has its own whole number in {listed(numbering)}; what names a customer should be the id column."
        )
    for reason, columns in reasons.items():
        notes.append(f"Set aside, since {reason}: {listed(columns)}.")
    return used


def _no_use(source: pd.Series, reading: Reading, series: pd.Series) -> str:
    """Why a column cannot teach, as the end of a sentence; empty if it can."""
    if reading.type != "category":
        missing = series.isna().to_numpy()
        numbers = series.to_numpy()
        present = numbers[~missing] if missing.any() else numbers
        if not len(present):
            return "no row has a value"
        if len(present) == len(numbers) and bool((present == present[0]).all()):
            return "all rows have the same value"
        counted = reading.type == "number" and _is_running_number(source, series)
        return "it only numbers the rows" if counted else ""
    present = series.dropna()
    different = present.nunique()
    if different == 0:
        return "no row has a value"
    if different == 1 and len(present) == len(series):
        return "all rows have the same value"
    if different > max(_DIFFERENT_SHARE * len(present), _DIFFERENT_AT_LEAST):
        return "nearly every row has its own text (an id or free text; name an id with the id column)"
    return ""


def _is_running_number(source: pd.Series, series: pd.Series) -> bool:
    """Whether whole numbers only count the rows: rising from row to row, or 1 to n in any order."""
    if not _all_different(source, series):
        return False
    values = series.to_numpy()
    return bool((np.diff(values) > 0).all()) or values.max() - values.min() + 1 == len(values)


def _all_different(source: pd.Series, series: pd.Series) -> bool:
    """Whether every row has its own whole number."""
    values = series.to_numpy()
    if not is_textual(source) and not pd.api.types.is_integer_dtype(source.dtype):
        return False
    if len(values) < 2 * _DIFFERENT_AT_LEAST or values.dtype.kind != "f":
        return False
    for part in (values[:50], values):  # most columns show at once that they are none
        if np.isnan(part).any() or not (part == np.round(part)).all() or len(np.unique(part)) < len(part):
            return False
    return True
