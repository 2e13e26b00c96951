"""The files of one table: one, several, or a folder of them, partitioned as Hive does (`month=2025-01/part-0.parquet`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from workbench.errors import DataError
from workbench.tables.headers import listed
from workbench.tables.options import ReadOptions
from workbench.tables.schema import Table
from workbench.tables.sources import locate

_PARTITION = re.compile(r"^([^=]+)=([^=]*)$")  # a sign of equality inside a value is written %3D
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Part:
    """One file of a table and the values that its folders' names give all of its rows."""

    path: Path
    partition: tuple[tuple[str, str | None], ...] = ()

    @property
    def name(self) -> str:
        """The file's name with its partition folders, as an error is to name it."""
        folders = [f"{k}={_NO_VALUE if v is None else v}" for k, v in self.partition]
        return "/".join([*folders, self.path.name])

    @property
    def is_parquet(self) -> bool:
        """Told by the first bytes; a file that is called .parquet is one, if a damaged one."""
        if self.path.suffix.lower() in (".parquet", ".pq"):
            return True
        try:
            with self.path.open("rb") as stream:
                return stream.read(4) == b"PAR1"
        except OSError:
            return False  # the reader says what is wrong


def parts_of(table: Table, folder: Path) -> tuple[Part, ...]:
    """Every file of a table's sources, in the order named and, inside a folder, by path.

    In a folder, names that begin with `_` or `.` are markers of the system that wrote it (_SUCCESS, .crc) and are
    passed over, and so are empty files. Raises WB-T03 for a missing source or a folder without files, WB-T24 if files
    are partitioned differently or are not all Parquet or all text/Excel.
    """
    found: list[Part] = []
    for source in table.sources:
        path = locate(source, folder, table=table.name)
        found += [Part(path)] if path.is_file() else _in_folder(path, source, table.name)
    _refuse_mixture(found, table.name)
    return tuple(found)


def _in_folder(root: Path, source: str, table: str) -> list[Part]:
    parts = []
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        inside = path.relative_to(root).parts
        if any(name.startswith(("_", ".")) and not _PARTITION.match(name) for name in inside):
            continue
        if path.stat().st_size == 0:
            continue
        keys = (_PARTITION.match(name) for name in inside[:-1])
        parts.append(Part(path, tuple((m[1], _value(m[2])) for m in keys if m)))
    if not parts:
        raise DataError(
            "WB-T03",
            f"the source of table '{table}' is a folder without files: {source}.",
            "Correct `source:` in tables.yaml, or put the files there.",
        )
    return parts


def _value(text: str) -> str | None:
    return None if text == _NO_VALUE else unquote(text)


def _refuse_mixture(parts: list[Part], table: str) -> None:
    first = parts[0]
    keys = [k for k, _ in first.partition]
    for part in parts[1:]:
        if [k for k, _ in part.partition] != keys:
            raise DataError(
                "WB-T24",
                f"table '{table}': '{part.name}' is partitioned by {listed(k for k, _ in part.partition) or 'nothing'}, "
                f"but '{first.name}' by {listed(keys) or 'nothing'}.",
                "Keep files with the same folders (`name=value`) only below one source.",
            )
        if part.is_parquet != first.is_parquet:
            raise DataError(
                "WB-T24",
                f"table '{table}': '{part.name}' is {_kind(part)}, but '{first.name}' is {_kind(first)}.",
                "Give files of one kind, or export the others again.",
            )


def _kind(part: Part) -> str:
    return "Parquet" if part.is_parquet else "text or Excel"


def refuse_other_columns(table: str, columns: Iterable[tuple[str, list[str]]]) -> None:
    """WB-T24 unless every file (name, columns) has the columns of the first, in whatever order."""
    first, expected = "", []
    for name, own in columns:
        if not expected:
            first, expected = name, own
            continue
        lacking = [c for c in expected if c not in own]
        further = [c for c in own if c not in expected]
        if lacking or further:
            what = f"lacks {_counted(lacking)}" if lacking else f"has more, {_counted(further)}"
            raise DataError(
                "WB-T24",
                f"table '{table}': '{name}' {what}, {'which' if lacking else 'unlike'} '{first}'{' has' if lacking else ''}.",
                "All files of one table need the same columns: mend the file, or make it a table of its own.",
            )


def _counted(columns: list[str]) -> str:
    return f"{'column' if len(columns) == 1 else 'columns'} {listed(columns)}"


def refuse_twice(table: str, file: str, columns: list[str]) -> None:
    """WB-T24 where a file has a column and another one that `rename:` calls the same."""
    twice = next((c for i, c in enumerate(columns) if c in columns[:i]), None)
    if twice is not None:
        raise DataError(
            "WB-T24",
            f"table '{table}': '{file}' has two columns that are called '{twice}' once renamed.",
            "Correct `rename:`.",
        )


def refuse_other_parquet(table: str, parts: tuple[Part, ...], options: ReadOptions) -> None:
    """WB-T24 unless all Parquet files have the same columns (renamed) of the same kind; only their footers are read.

    A column whose type is stated may be written in different ways."""
    kinds: dict[str, tuple[str, str]] = {}
    schemas = []
    for part in parts:
        schema = _schema(part, table)
        own = options.renamed(schema)
        refuse_twice(table, part.name, own)
        schemas.append((part.name, dict(zip(own, schema.values(), strict=True))))
    refuse_other_columns(table, ((name, list(schema)) for name, schema in schemas))
    for name, schema in schemas:
        for column, kind in schema.items():
            if column in options.types:
                continue
            first, expected = kinds.setdefault(column, (name, kind))
            if expected == "nothing":
                kinds[column] = (name, kind)
            elif kind not in (expected, "nothing"):
                raise DataError(
                    "WB-T24",
                    f"table '{table}': column '{column}' holds {kind} in '{name}', but {expected} in '{first}'.",
                    "Write the column the same way in all files.",
                )


def _schema(part: Part, table: str) -> dict[str, str]:
    try:
        schema = parquet.read_schema(part.path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            "WB-T10",
            f"the source of table '{table}' cannot be read as parquet: {part.name}.",
            "Check that the file is complete.",
        ) from error
    return {field.name: _kind_of(field.type) for field in schema}


def _kind_of(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _kind_of(kind.value_type)
    if pa.types.is_boolean(kind):
        return "truth values"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "numbers"
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return "moments with a time zone"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "moments"
    if pa.types.is_null(kind):
        return "nothing"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    return str(kind)


def keys_above(parts: tuple[Part, ...]) -> frozenset[str]:
    """What looks like a partition in the path above the source, and is none of its columns."""
    named = (m[1] for part in parts for folder in part.path.parent.parts if (m := _PARTITION.match(folder)))
    return frozenset(named) - {k for k, _ in parts[0].partition}


def partition_columns(parts: tuple[Part, ...]) -> dict[str, pd.Series]:
    """Partition column -> its value for each file, as text."""
    return {
        key: pd.Series([dict(part.partition)[key] for part in parts], dtype="str")
        for key, _ in parts[0].partition
    }
