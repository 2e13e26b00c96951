"""The store: made once however many open it, and two logs that nobody can rewrite."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DatabaseError, StatementError

from workbench.config import Home
from workbench.errors import DataError, UsageError
from workbench.store import audit, open_store, schema
from workbench.store.database import Store

AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)


def add_lines(store: Store) -> None:
    with store.write() as connection:
        audit.record(connection, who="ann", action="test", subject="x", at=AT, detail={"n": 1})
        connection.execute(
            insert(schema.ledger).values(
                name="m", action="promote", version=1, who="ann", why="good", evidence={}, at=AT
            )
        )


@pytest.mark.parametrize("table", schema.APPEND_ONLY)
@pytest.mark.parametrize("verb", ["UPDATE {} SET who = 'bob'", "DELETE FROM {}"])
def test_a_line_once_written_can_neither_be_changed_nor_removed(store: Store, table: str, verb: str) -> None:
    add_lines(store)
    with pytest.raises(DatabaseError, match=f"{table} is append-only"), store.write() as connection:
        connection.execute(text(verb.format(table)))
    with store.read() as connection:
        assert connection.execute(text(f"SELECT who FROM {table}")).scalars().all() == ["ann"]


def test_postgresql_refuses_truncate_too(postgresql_home: Home) -> None:
    store = open_store(postgresql_home)
    add_lines(store)
    with pytest.raises(DatabaseError, match="audit is append-only"), store.write() as connection:
        connection.execute(text("TRUNCATE audit"))


def test_opening_twice_changes_nothing(store: Store, any_home: Home) -> None:
    add_lines(store)
    again = open_store(any_home)
    assert [line.who for line in audit.lines(again)] == ["ann"]


def test_a_moment_comes_back_in_utc_and_needs_a_zone(store: Store) -> None:
    shanghai = timezone(timedelta(hours=8))
    with store.write() as connection:
        audit.record(
            connection, who="ann", action="a", subject="s", at=datetime(2026, 1, 1, 8, tzinfo=shanghai)
        )
    assert audit.lines(store)[0].at == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(StatementError, match="needs a time zone"), store.write() as connection:
        audit.record(connection, who="ann", action="a", subject="s", at=datetime(2026, 1, 1))


def test_a_write_that_ends_badly_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as connection:
        audit.record(connection, who="ann", action="a", subject="s", at=AT)
        _ = 1 / 0
    assert audit.lines(store) == []


def test_four_processes_open_a_new_store_at_once(any_home: Home, environment: dict[str, str]) -> None:
    program = (
        "import sys; from pathlib import Path; from workbench.config import Home; from workbench.store import open_store;"
        "from sqlalchemy import text; s = open_store(Home(Path(sys.argv[1])))\n"
        "with s.read() as c: print(c.execute(text('SELECT count(*) FROM audit')).scalar_one())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(any_home.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        for _ in range(4)
    ]
    for process in running:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out.strip()) == (0, b"0"), err.decode()


def test_sqlite_readers_do_not_wait_for_a_writer(home: Home) -> None:
    store = open_store(home)
    with store.write() as connection:
        audit.record(connection, who="ann", action="a", subject="s", at=AT)
        with store.read() as reader:
            assert reader.execute(select(schema.audit.c.id)).all() == []


def test_other_databases_are_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_STORE_URL", "mysql://ann:secret@host/db")
    with pytest.raises(UsageError, match="WB-R20") as caught:
        open_store(home)
    assert "secret" not in str(caught.value)


def test_a_store_that_cannot_be_opened_says_where_without_the_password(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WORKBENCH_STORE_URL", "postgresql://ann:secret@127.0.0.1:9/db")
    with pytest.raises(DataError, match="WB-R21") as caught:
        open_store(home)
    assert "127.0.0.1:9" in str(caught.value)
    assert "secret" not in str(caught.value)
