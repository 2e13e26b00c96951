"""Tables of one file: what may be done with a column is a matter of what it holds, not of the name of the table that tells it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.tables.named import is_remote
from workbench.tables.parts import parts_of
from workbench.tables.schema import Inherited, Table, TableSet

_PIECE = 1 << 20
_DEFAULT_SCHEMAS = ("public.", "main.")

Content = tuple[object, ...]


def contents(tables: TableSet) -> dict[str, list[tuple[str, Content]]]:
    """For each table its files: their name, and what stands for their content (hashed only where two sizes agree).

    A table without its files is left out: its own check says it."""
    found: dict[str, list[tuple[str, Content]]] = {}
    paths: dict[str, list[tuple[str, Path]]] = {}
    for table in tables.tables.values():
        if is_remote(table.source):
            found[table.name] = [(s, ("database", _unqualified(s))) for s in table.sources]
            continue
        try:
            paths[table.name] = [
                (part.path.name, part.path.resolve()) for part in parts_of(table, tables.folder)
            ]
        except (WorkbenchError, OSError):
            continue
    sizes = [p.stat().st_size for p in {p for files in paths.values() for _, p in files}]
    for name, files in paths.items():
        found[name] = [(shown, _content(p, alike=sizes.count(p.stat().st_size) > 1)) for shown, p in files]
    return found


def with_inherited(tables: TableSet) -> TableSet:
    """The tables with what `allowed_for` says in other tables of the same files; no rows are read."""
    if not any(
        t.allowed_for or any(r.allowed_for for r in t.columns.values()) for t in tables.tables.values()
    ):
        return tables  # fmt: skip
    files = {name: {content for _, content in found} for name, found in contents(tables).items()}
    heirs = {
        name: replace(
            table,
            inherited=tuple(
                limit
                for other in tables.tables.values()
                if other.name != name and files.get(name, set()) & files.get(other.name, set())
                for limit in _handed_on(other, table)
            ),
        )
        for name, table in tables.tables.items()
    }
    return replace(tables, tables=heirs)


def apart(one: Table, other: Table) -> bool:
    """Whether two tables of a file tell different sheets of it, or different columns of it long."""
    if _other_sheet(one, other):
        return True
    first, second = one.reading.unpivot, other.reading.unpivot
    return first is not None and second is not None and not set(first.spread) & set(second.spread)


def _other_sheet(one: Table, other: Table) -> bool:
    """Whether both name their sheet and mean two; a number may be any of them."""
    first, second = ((t.reading.sheet or "").strip().casefold() for t in (one, other))
    return first != second and all(s and not s.isdecimal() for s in (first, second))


def _handed_on(owner: Table, heir: Table) -> Iterator[Inherited]:
    if _other_sheet(owner, heir):
        return
    limited = {c: rule.allowed_for for c, rule in owner.columns.items() if rule.allowed_for}
    if owner.allowed_for and not apart(owner, heir):
        yield Inherited(owner.name, owner.allowed_for)
    elif owner.allowed_for and owner.reading.unpivot is not None:
        limited |= dict.fromkeys(owner.reading.unpivot.values, owner.allowed_for)
    for name, allowed in limited.items():
        told = dict.fromkeys(n for header in _headers(owner, name) for n in _told_as(heir, header))
        yield from (Inherited(owner.name, allowed, column) for column in told)


def _headers(table: Table, column: str) -> list[str]:
    """Under which headers of its file a table's column is written."""
    reading = table.reading
    spread = (
        [row[column] for row in reading.unpivot.rows.values() if column in row] if reading.unpivot else []
    )
    wide = [c for c in spread if c is not None] or [column]
    return [*(h for h, name in reading.rename.items() if name in wide), *(c for c in wide if c not in reading.rename)]  # fmt: skip


def _told_as(table: Table, header: str) -> Iterator[str]:
    """As which columns a table tells what its file has under a header."""
    (name,) = table.reading.renamed([header])
    unpivot = table.reading.unpivot
    if unpivot is None or (name not in unpivot.spread and (unpivot.keep is None or name in unpivot.keep)):
        yield name
    elif unpivot is not None:
        yield from (v for v in unpivot.values if any(row[v] == name for row in unpivot.rows.values()))


def _unqualified(source: str) -> str:
    place, slash, table = source.rpartition("/")
    for schema in _DEFAULT_SCHEMAS:
        table = table.removeprefix(schema)
    return f"{place}{slash}{table}"


def _content(path: Path, *, alike: bool) -> Content:
    state = path.stat()
    return (state.st_size, _digest(path, state.st_mtime_ns) if alike else path)


@lru_cache(maxsize=256)
def _digest(path: Path, _changed: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
