"""Separated text: which separator, where the header ends, and every cell as text."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from workbench.errors import DataError
from workbench.tables.encoding import ACCEPTED
from workbench.tables.headers import column_names, named_twice
from workbench.tables.kernels import pc

SEPARATORS = (",", ";", "\t", "|", "\x01", "^", "~", ":")  # found out; any other can be stated
_RARE = ("^", "~", ":")  # also common inside cells, so every line must agree on them
BROKEN_ROW_SHARE = 0.05  # more rows than this with another number of cells, and the file is no table

_NAMES = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "bar",
    "\x01": "\\x01",
    ":": "colon",
    " ": "space",
}
_STAND_INS = "\x1f\x1e\x1d\x1c\x02\x03\x04"  # for a separator of several bytes
_SAMPLE = 1 << 18
_TITLE_LINES = 20


@dataclass(frozen=True)
class Delimited:
    """Every cell as text, in file order, and the line numbers of rows that had another number of cells."""

    frame: pd.DataFrame
    separator: str
    broken_rows: tuple[int, ...]
    headerless: bool
    title_lines: int = 0  # lines above the header
    twice: tuple[str, ...] = ()  # notes on names that stand over two columns


def read_delimited(
    path: Path, data: bytes, *, separator: str | None = None, header_row: int | None = None
) -> Delimited:
    """The table in UTF-8 text `data`; WB-T64 if there is nothing, WB-T65 if only a header, WB-T66 if no table.

    A row with more or fewer cells than the header is left out and counted, up to 5% of the rows. `separator` (one
    sign or several) and `header_row` (counted from 1) are found out unless stated; WB-T73 where there is no such row.
    """
    start = len(data) - len(data.lstrip(b"\r\n \xef\xbb\xbf"))
    marked = data[start : start + 5].lower() if data[start : start + 4].lower() == b"sep=" else b""
    if header_row is not None:
        start = _line_start(path, data, header_row)
    elif marked:  # Excel's own first line, which names the separator
        start = _line_end(data, start)
    if not data[start:].strip():
        raise DataError("WB-T64", f"'{path.name}' is empty.", f"Give a file with rows: {ACCEPTED}.")
    named = marked[4:].decode(errors="ignore")
    chosen = separator or (named if named in SEPARATORS else "") or _separator(path, _text(data, start))
    single = chosen
    if len(chosen.encode()) > 1:
        data, single = _with_stand_in(path, data, chosen)
    header, body = _header(data, start, single)
    widths, skipped = _widths(data, start, body, single), 0
    while (
        header_row is None
        and len(header) == 1
        and widths
        and widths.most_common(1)[0][0] > 1
        and skipped < _TITLE_LINES
    ):
        start, skipped = body, skipped + 1  # a title above the table, or a blank line under it
        header, body = _header(data, start, single)
        widths = _widths(data, start, body, single)
    if not data[body:].strip():
        raise DataError(
            "WB-T65",
            f"'{path.name}' has a header of {len(header)} columns but no rows.",
            "Give a file with at least one row below the header.",
        )
    if widths:
        header = _fitted(header, _piece(data, start, body), single, widths)
    table = _parsed(path, data, start, body, header, single, headed=header_row is not None)
    return replace(table, title_lines=skipped, separator=chosen)


def _text(data: bytes, start: int) -> str:
    return data[start : start + _SAMPLE].decode("utf-8", errors="ignore")


def _line_start(path: Path, data: bytes, row: int) -> int:
    """Where the line of that number begins, counted from 1. Raises WB-T73 where there is none."""
    place = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    for _ in range(row - 1):
        place = _line_end(data, place)
    if place >= len(data):
        raise no_such_row(path, row, data.count(b"\n") + 1)
    return place


def no_such_row(path: Path, row: int, rows: int, where: str = "") -> DataError:
    """The refusal of a `header_row:` that lies below the table."""
    return DataError(
        "WB-T73",
        f"{where}'{path.name}' has no row {row} to be its header: it has {rows:,}.",
        "Correct `header_row:`, counted from 1.",
    )


def _with_stand_in(path: Path, data: bytes, separator: str) -> tuple[bytes, str]:
    """The text with a single sign in the place of a longer separator, except inside quoted cells."""
    free = next((s for s in _STAND_INS if s.encode() not in data), None)
    if free is None:
        raise DataError(
            "WB-T66",
            f"'{path.name}' holds too many control characters to be cut at '{separator}'.",
            f"Give another file: {ACCEPTED}.",
        )
    mark = separator.encode()
    if b'"' not in data:
        return data.replace(mark, free.encode()), free
    cut = re.escape(mark)
    quoted = rb"(?:^|(?<=[\r\n])|(?<=" + cut + rb'))"(?:[^"]|"")*"(?=' + cut + rb"|[\r\n]|$)"
    pattern = re.compile(rb"(" + quoted + rb")|" + cut)
    return pattern.sub(lambda m: m[1] if m[1] is not None else free.encode(), data), free


def _piece(data: bytes, start: int, body: int) -> str:
    """The first rows as text; of a very wide table, too, a few whole ones."""
    return data[body : body + max(_SAMPLE, 8 * (body - start))].decode("utf-8", errors="ignore")


def _widths(data: bytes, start: int, body: int, separator: str) -> Counter[int]:
    return Counter(len(r) for r in _records(_piece(data, start, body), separator))


def _parsed(
    path: Path, data: bytes, start: int, body: int, header: list[str], separator: str, *, headed: bool
) -> Delimited:
    names = column_names(header)
    frame, broken = _cells(path, data, body, names, separator)
    _refuse_open_quote(path, data, body, frame)
    total = len(frame) + len(broken)
    if not len(frame) or len(broken) > BROKEN_ROW_SHARE * total:
        raise DataError(
            "WB-T66",
            f"'{path.name}' is not a table: {len(broken):,} of {total:,} rows do not have the {len(names)} cells of its "
            f"first row (separator: {_spoken(separator)}); at most {BROKEN_ROW_SHARE:.0%} may differ.",
            f"Look at line {broken[0] if broken else 2}; a cell that holds the separator must stand in double quotes.",
        )
    headerless = not headed and _without_header(header, frame)
    if headerless:
        names = column_names([""] * len(header))
        frame, broken = _cells(path, data, start, names, separator)
    twice = () if headerless else named_twice(header)
    return Delimited(frame, separator, tuple(broken), headerless, twice=twice)


def _spoken(separator: str) -> str:
    return _NAMES.get(separator, f"'{separator}'")


def _cells(
    path: Path, data: bytes, offset: int, names: list[str], separator: str
) -> tuple[pd.DataFrame, list[int]]:
    broken: list[int] = []
    first_line = data.count(b"\n", 0, offset) + 1

    def set_aside(row: arrow_csv.InvalidRow) -> str:
        broken.append(first_line + (row.number or 1) - 1)
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.py_buffer(data).slice(offset),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False, block_size=1 << 24),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=set_aside
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as exc:
        raise DataError(
            "WB-T66",
            f"'{path.name}' is not a table that can be read with the separator {_spoken(separator)}.",
            "Check for a double quote that is opened and never closed.",
        ) from exc
    return table.to_pandas(), broken


def _refuse_open_quote(path: Path, data: bytes, body: int, frame: pd.DataFrame) -> None:
    """Refuse a file whose last cell begins with a double quote and swallowed all lines up to the end."""
    if not len(frame) or data.count(b'"', body) % 2 == 0:
        return
    longest = max((str(cell) for cell in frame.iloc[-1]), key=lambda cell: cell.count("\n"))
    if "\n" in longest:
        line = data.count(b"\n", 0, len(data.rstrip())) + 1 - longest.rstrip().count("\n")
        raise DataError(
            "WB-T66",
            f"'{path.name}' cannot be cut into rows: a double quote in line {line} is opened and never closed.",
            "Close it, or double it if it belongs to the text.",
        )


def _line_end(data: bytes, start: int) -> int:
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end + 1


def _records(text: str, separator: str, limit: int = 200) -> list[list[str]]:
    """The first records of a piece of text; the last one may be cut off and is left out of a full piece."""
    records = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for record in reader:
            if record:
                records.append(record)
            if len(records) > limit:
                break
    except csv.Error:  # a cell beyond csv's size limit: what came before it is sample enough
        return records
    if len(records) > 1 and not text.endswith(("\n", "\r")) and len(text) >= _SAMPLE // 4:
        records.pop()
    return records


def _separator(path: Path, sample: str) -> str:
    """The separator that gives the most rows the same number of cells, and of those the most cells."""
    best, best_score = "", (0.0, 0)
    for separator in SEPARATORS:
        if separator in _RARE and (best or separator not in sample):
            continue
        records = _records(sample, separator)
        widths = Counter(map(len, records))
        width, rows = max(
            ((w, n) for w, n in widths.items() if w > 1), key=lambda p: (p[1], p[0]), default=(1, 0)
        )
        if separator in _RARE and not _agree(records, width):
            continue
        share = rows / max(sum(widths.values()), 1)
        # the share counts in steps, so that one broken row does not beat a table of many cells
        if (round(share, 1), width) > best_score and share >= 0.5:
            best, best_score = separator, (round(share, 1), width)
    if best == "|" and all(not cell for r in _records(sample, "|") for cell in r[1::2]):
        return "||"
    if best:
        return best
    if any(s in line for s in (",", ";", "\t", "|") for line in sample.splitlines()[:1]):
        raise DataError(
            "WB-T66",
            f"'{path.name}' is not a table: no separator (comma, semicolon, tab, bar, ...) gives its rows one number of cells.",
            f"State its `separator:` in tables.yaml, or give another file: {ACCEPTED}.",
        )
    return ","  # a single column


def _agree(records: list[list[str]], width: int) -> bool:
    """Whether the records have one number of cells, names above; titles may precede a table of three columns or more."""
    first = next((i for i, r in enumerate(records) if len(r) == width), 0)
    if first and (width < 3 or first > _TITLE_LINES):
        return False
    table = records[first:]
    return sum(len(r) == width for r in table) >= 0.95 * len(table) and _names_columns(table[0])


def _names_columns(header: list[str]) -> bool:
    """Whether the cells look like names of columns: a line of times, 08:30, is none."""
    return all(cell.strip() and not _is_number(cell) for cell in header)


def _header(data: bytes, start: int, separator: str) -> tuple[list[str], int]:
    """The header's cells and where the first row begins; a line break inside quotes does not end it."""
    quoted, at_start, place = False, True, start
    mark, ends = ord(separator), (10, 13)
    while place < len(data):
        char = data[place]
        if char == 34 and (quoted or at_start):
            quoted = not quoted  # a doubled quote closes and opens again
            at_start = False
        elif not quoted and char in ends:
            break
        else:
            at_start = char == mark and not quoted
        place += 1
    text = data[start:place].decode("utf-8")
    body = place + (2 if data[place : place + 2] == b"\r\n" else 1)
    return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [""]), body


def _fitted(header: list[str], sample: str, separator: str, widths: Counter[int]) -> list[str]:
    """The header, mended where it has one cell more or less than all rows: row names, or a separator at line ends."""
    width = widths.most_common(1)[0][0]
    if width == len(header) + 1:
        rows = [r for r in _records(sample, separator) if len(r) == width]
        ends_blank = all(not r[-1].strip() for r in rows)
        return [*header, ""] if ends_blank else ["", *header]
    if width == len(header) - 1 and not header[-1].strip():
        return header[:-1]
    return header


def _without_header(header: list[str], frame: pd.DataFrame) -> bool:
    """Whether the first line is a row like the others.

    Told by two signs together: a cell of it is a number at the head of a column of numbers, and another, a text,
    is also a value of its own column. (Years and numbers alone may well be column names.)
    """
    if not any(_is_number(cell) for cell in header):
        return False
    numbers = repeated = False
    for name, cell in zip(frame.columns, header, strict=True):
        text = cell.strip()
        column = pa.array(frame[name].head(2000))
        if not text:
            continue
        trimmed = pc.utf8_trim_whitespace(column)
        if _is_number(text):
            numbers = numbers or all(_is_number(v) for v in trimmed.slice(0, 20).to_pylist() if v)
        else:
            repeated = repeated or pc.any(pc.equal(trimmed, text)).as_py() is True
        if numbers and repeated:
            return True
    return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
