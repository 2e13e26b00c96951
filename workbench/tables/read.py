"""One table from one file: CSV in its dialects, Parquet, Excel."""

from __future__ import annotations

import os
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from workbench.errors import DataError, did_you_mean
from workbench.tables import dates, numbers
from workbench.tables.column_read import ColumnRead, column_read
from workbench.tables.columnar import read_parquet
from workbench.tables.delimited import read_delimited
from workbench.tables.encoding import ACCEPTED, decoded, unzipped
from workbench.tables.fingerprint import SourceState
from workbench.tables.headers import listed
from workbench.tables.kernels import pc
from workbench.tables.noticed import Noticed, lost_digits, mixed_zones
from workbench.tables.options import NOTHING_STATED, ReadOptions
from workbench.tables.parts import Part
from workbench.tables.spreadsheet import read_workbook
from workbench.tables.totals import without_totals
from workbench.tables.types import Reading, Values, as_text, is_textual, read_as, stated_reading, understood
from workbench.text import counted

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"
_HEAD = 500  # rows that tell whether a column deserves a closer look
_SAYS = (".parquet", ".xlsx")  # endings that promise a content


@dataclass(frozen=True)
class RawTable:
    """A file's cells before their meaning is found out: text for CSV, the stated types for Parquet and Excel."""

    frame: pd.DataFrame
    notes: tuple[str, ...]
    quarantined: int  # rows left out because they had another number of cells
    decimal_comma: bool = (
        False  # a spreadsheet separates by semicolons only where it writes 1,5 for one and a half
    )
    stated: bool = False  # the file states its types: Parquet
    noticed: tuple[Noticed, ...] = ()
    fingerprint: str = ""  # of the files' content, see `SourceState.fingerprint`

    @property
    def told(self) -> tuple[str, ...]:
        """Everything noticed, as sentences."""
        return self.notes + tuple(n.sentence for n in self.noticed)


@dataclass(frozen=True)
class ReadResult:
    """A table as read: float64/int64, bool, datetime64[us] and str columns; what was noticed; rows left out."""

    frame: pd.DataFrame
    notes: tuple[str, ...]
    quarantined: int
    noticed: tuple[Noticed, ...] = ()
    columns: tuple[ColumnRead, ...] = ()
    fingerprint: str = ""


def read_table(path: Path, *, sheet: str | None = None, options: ReadOptions = NOTHING_STATED) -> ReadResult:
    """Read a CSV (`,` `;` tab `|`; gzip; UTF-8, UTF-16, GB18030, Big5), Parquet or Excel file and find its types.

    Numbers in text become numbers where at least 95% of the column agrees ("1,234", "12%" too), dates in text
    become datetime64; identifiers with leading zeros or more than 15 digits stay text. A name that comes twice
    becomes "name" and "name.2". Infinite numbers and unreadable cells become missing and are counted in the notes.
    `options` state what the file does not say itself.

    Raises DataError: WB-T61 no such file, WB-T62 not a file, WB-T63 not a table, WB-T64 empty, WB-T65 header only,
    WB-T66 rows of different lengths, WB-T68 no such sheet, WB-T69 damaged.
    """
    options = options if sheet is None else replace(options, sheet=sheet)
    return understand(read_raw(path, options=options), options=options)


def understand(
    raw: RawTable,
    *,
    options: ReadOptions = NOTHING_STATED,
    readings: Mapping[str, Reading] = MappingProxyType({}),
) -> ReadResult:
    """The types of a table's columns, found out or stated, and the table in them; `readings` are known beforehand."""
    columns: dict[str, pd.Series] = {}
    found: dict[str, Reading] = {}
    values: dict[str, Values] = {}
    for name, series in _columns(raw.frame):
        stated = options.types.get(name)
        if stated is not None:
            found[name] = stated_reading(series, stated, decimal_comma=raw.decimal_comma)
            values[name] = read_as(series, found[name], zone=options.time_zone)
        elif name in readings:
            found[name], values[name] = readings[name], read_as(series, readings[name])
        else:
            found[name], values[name] = understood(
                series, decimal_comma=raw.decimal_comma, zone=options.time_zone
            )
        columns[name] = _tight(values[name].series, found[name], series)
    told = reading_notes(raw.frame, found, values)
    sources = dict(_columns(raw.frame))
    return ReadResult(
        pd.DataFrame(columns, index=raw.frame.index),
        raw.notes + told,
        raw.quarantined,
        raw.noticed + (() if options.time_zone else zones_noticed(values)),
        tuple(column_read(n, sources[n], found[n], replace(values[n], series=columns[n])) for n in columns),
        raw.fingerprint,
    )


def zones_noticed(values: Mapping[str, Values]) -> tuple[Noticed, ...]:
    """What is to be said of moments that name their time zone, most of all where others beside them do not."""
    found = []
    for name, read in values.items():
        if read.zoned and read.unzoned:
            found.append(mixed_zones(name, read.zoned, read.unzoned))
        elif read.zoned:
            found.append(
                Noticed(
                    "WB-T28",
                    "warn",
                    name,
                    f"the moments in '{name}' name a time zone and are told in UTC.",
                    "State `time_zone:` if days and hours are to be those of another place.",
                    read.zoned,
                )
            )
    return tuple(found)


def _shortened(frame: pd.DataFrame) -> tuple[Noticed, ...]:
    """Long names of digits that Excel has cut to 1.10E+17."""
    found = []
    for name, series in _columns(frame):
        if not is_textual(series):
            continue
        if not numbers.may_be_shortened(str(v).strip() for v in series.head(_HEAD).tolist() if v == v):
            continue
        text = as_text(series)
        lost = numbers.shortened(text)
        if lost:
            example = next(v for v in text.to_pylist() if v and numbers.is_shortened(v))
            found.append(lost_digits(name, lost, example))
    return tuple(found)


def joined(raws: Sequence[RawTable], parts: Sequence[Part]) -> RawTable:
    """Several files' rows below each other, columns by name; what was noticed in each is said with its name."""
    if len(raws) == 1:
        return raws[0]
    order = list(raws[0].frame.columns)
    notes = tuple(f"{part.name}: {note}" for part, raw in zip(parts, raws, strict=True) for note in raw.notes)
    return RawTable(
        pd.concat([r.frame[order] for r in raws], ignore_index=True),
        notes,
        sum(r.quarantined for r in raws),
        decimal_comma=all(r.decimal_comma for r in raws),
        noticed=tuple(
            replace(n, message=f"{part.name}: {n.message}")
            for part, raw in zip(parts, raws, strict=True)
            for n in raw.noticed
        ),
    )


def _columns(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    return ((str(name), series) for name, series in frame.items())


def read_raw(path: Path, *, options: ReadOptions = NOTHING_STATED, of: str = "the table") -> RawTable:
    """The same file with its cells untouched: for a reader that already knows what each column holds.

    Total rows at the bottom of a text or a sheet are set aside. Raises also WB-T25 where the file changes meanwhile.
    """
    path = Path(path)
    state = SourceState.of([path]) if path.is_file() and os.access(path, os.R_OK) else None
    raw = _cells(path, options)
    if state is None:
        return raw
    state.refuse_if_changed(of)
    if not raw.stated:
        frame, totals = without_totals(raw.frame)
        raw = replace(raw, frame=frame, noticed=(*raw.noticed, *totals, *_shortened(frame)))
    return replace(raw, fingerprint=state.fingerprint)


def _cells(path: Path, options: ReadOptions) -> RawTable:
    if not path.exists():
        raise DataError("WB-T61", f"There is no file '{path}'.", _neighbours(path))
    if not path.is_file():
        raise DataError("WB-T62", f"'{path}' is a folder, not a file.", f"Give one file: {ACCEPTED}.")
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
        if head == _PARQUET:
            frame, notes = read_parquet(path)
            return _checked(path, RawTable(frame, notes, 0, stated=True))
        if head == _ZIP and _is_workbook(path):
            read = read_workbook(path, sheet=options.sheet, header_row=options.header_row)
            return _checked(
                path,
                RawTable(
                    read.frame, read.notes, 0, noticed=tuple(lost_digits(*lost) for lost in read.lost_digits)
                ),
            )
        if path.suffix.lower() in _SAYS:
            raise DataError(
                "WB-T69",
                f"'{path.name}' is damaged: its name says {path.suffix}, but its content does not.",
                "Save it again, or give it the ending that it has.",
            )
        data = path.read_bytes()
    except PermissionError as exc:
        raise DataError(
            "WB-T61", f"The file '{path}' may not be read.", "Ask its owner for the right to read it."
        ) from exc
    if not data:
        raise DataError("WB-T64", f"'{path.name}' is empty.", f"Give a file with rows: {ACCEPTED}.")
    return _checked(path, _from_text(path, unzipped(path, data), options))


def _from_text(path: Path, data: bytes, options: ReadOptions) -> RawTable:
    text, encoding = decoded(path, data, stated=options.encoding, separator=options.separator)
    table = read_delimited(path, text, separator=options.separator, header_row=options.header_row)
    notes = [*table.twice]
    if encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"The text was read as {encoding.upper()}.")
    if table.title_lines:
        notes.append(f"The first {table.title_lines} lines stand above the table's header and were skipped.")
    if table.headerless:
        notes.append(
            f"The first line is a row like the others, so the columns were called column_1 to column_{table.frame.shape[1]}."
        )
    if table.broken_rows:
        lines = ", ".join(map(str, table.broken_rows[:5])) + (", ..." if len(table.broken_rows) > 5 else "")
        notes.append(
            f"{counted(len(table.broken_rows), 'row')} had another number of cells and {'was' if len(table.broken_rows) == 1 else 'were'} left out (line {lines})."
        )
    return RawTable(table.frame, tuple(notes), len(table.broken_rows), decimal_comma=table.separator == ";")


def _checked(path: Path, raw: RawTable) -> RawTable:
    if raw.frame.shape[1] == 0:
        raise DataError(
            "WB-T64", f"'{path.name}' is empty: it has no columns.", f"Give a file with rows: {ACCEPTED}."
        )
    if len(raw.frame) == 0:
        raise DataError(
            "WB-T65",
            f"'{path.name}' has a header of {raw.frame.shape[1]} columns but no rows.",
            "Give a file with at least one row below the header.",
        )
    return raw


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return path.suffix.lower() in (".xlsx", ".xlsm")


def _neighbours(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder '{folder}' either."
    files = sorted(p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return did_you_mean(path.name, files) if files else f"The folder '{folder}' holds no files."


def _tight(series: pd.Series, reading: Reading, source: pd.Series) -> pd.Series:
    """Whole numbers as int64 and truth values as bool where nothing is missing."""
    if reading.type != "number" or series.isna().any():
        return series
    if reading.form == "boolean":
        return series.astype(bool)
    if reading.form == "" and is_textual(source):
        whole = bool((series == series.round()).all()) and series.abs().max() < 2**53
        return series.astype("int64") if whole and not _has_point(source) else series
    if pd.api.types.is_integer_dtype(source.dtype):
        return source.astype("int64")
    return series


def _has_point(source: pd.Series) -> bool:
    return bool(pc.any(pc.match_substring_regex(as_text(source), r"[.eE]")).as_py())


def reading_notes(
    frame: pd.DataFrame, readings: dict[str, Reading], values: dict[str, Values]
) -> tuple[str, ...]:
    """What a reader should know about how cells became values: one sentence per kind, however many columns."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, reading in readings.items():
        if is_textual(frame[name]) and reading.type == "date":
            groups["Dates were read from text in {columns}."].append(name)
            _note_order(frame[name], reading, name, groups)
        elif reading.type == "date" and reading.form:
            groups["Eight-digit numbers were read as dates in {columns}."].append(name)
        elif reading.form in _SPOKEN:
            groups[f"Numbers written with {_SPOKEN[reading.form]} were read in {{columns}}."].append(name)
    sentences = [s.format(columns=listed(c)) for s, c in groups.items()]
    for what, count_of in (
        ("infinite numbers", lambda v: v.infinite),
        ("cells that could not be read as the column's type", lambda v: v.unreadable),
        ("dates before 1800 or after 2200", lambda v: v.impossible),
    ):
        hit = {n: count_of(v) for n, v in values.items() if count_of(v)}
        if hit:
            sentences.append(f"{sum(hit.values()):,} {what} were counted as missing, in {listed(hit)}.")
    return tuple(sentences)


_SPOKEN = {
    "thousands": "thousands separators (1,234 is 1234)",
    "decimal comma": "a decimal comma (1,5 is 1.5)",
    "percent": "a percent sign (12% is 0.12)",
    "accounting": "brackets for what is negative ((1,234.50) is -1234.5)",
    "units": "units (3.5万 is 35000)",
}


def _note_order(series: pd.Series, reading: Reading, name: str, groups: dict[str, list[str]]) -> None:
    formats = reading.form.split("|")
    if any(f.startswith(("%d/", "%d-%m", "%m/", "%m-")) for f in formats):
        distinct = as_text(series).unique().drop_null().to_pandas().astype("str")
        if dates.day_or_month(distinct, formats):
            groups[
                "Dates like 02/03/2025 could be read either way and were read as day/month/year in {columns}."
            ].append(name)
