"""Parquet files that grow chunk by chunk, in bounded memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.sample.rows import Rows, to_table

ROW_GROUP = 250_000


class Writer:
    """One Parquet file per table in a folder; rows are kept until a row group is full. A context manager."""

    def __init__(self, folder: Path, schemas: dict[str, pa.Schema]) -> None:
        self.rows = dict.fromkeys(schemas, 0)
        self._schemas = schemas
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in schemas}
        self._files = {
            name: pq.ParquetWriter(
                folder / f"{name}.parquet", schema, compression="zstd", use_dictionary=_words(schema)
            )
            for name, schema in schemas.items()
        }

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, file in self._files.items():
            if kind is None:
                self._flush(name)
            file.close()

    def add(self, name: str, rows: Rows) -> None:
        table = to_table(rows, self._schemas[name])
        self.rows[name] += table.num_rows
        self._waiting[name].append(table)
        if sum(t.num_rows for t in self._waiting[name]) >= ROW_GROUP:
            self._flush(name)

    def _flush(self, name: str) -> None:
        waiting, self._waiting[name] = self._waiting[name], []
        if waiting:
            self._files[name].write_table(pa.concat_tables(waiting), row_group_size=4 * ROW_GROUP)


def _words(schema: pa.Schema) -> list[str]:
    """Texts repeat, numbers and moments hardly do."""
    return [f.name for f in schema if pa.types.is_string(f.type)]
