"""The memory limit is the process's, and one sentence tells of a limit that is none."""

from __future__ import annotations

import os

import pytest
from sqlglot import exp

from workbench.errors import UsageError
from workbench.tables.duck import DuckDatabase
from workbench.tables.memory import memory_bytes, resident


@pytest.mark.parametrize(
    ("text", "size"), [("1500MB", 1_500_000_000), ("2gib", 2 * 2**30), (" 0.5 GB", 500_000_000)]
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "lots", "1500", "-2GB", "10MB", "2GBB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="WB-T86"):
        memory_bytes(text)


def test_what_lies_in_memory_grows_with_what_is_put_there() -> None:
    before = resident()
    filled = os.urandom(1) * 50_000_000
    assert resident() - before > 0.8 * len(filled)


@pytest.mark.parametrize("limit", ["200MB", "1500MB", "1TB"])
def test_duckdb_gets_what_the_process_leaves_and_at_least_half(limit: str) -> None:
    database = DuckDatabase(threads=1, memory=limit)
    setting = exp.Anonymous(this="current_setting", expressions=[exp.Literal.string("memory_limit")])
    (told,) = database.rows(exp.select(setting))[0]
    database.close()
    given = memory_bytes(str(told))
    assert 0.49 * memory_bytes(limit) < given < memory_bytes(limit)
