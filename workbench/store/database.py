"""The store's one door: an SQLite file by default, PostgreSQL by URL."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from workbench.config import Home
from workbench.errors import DataError, UsageError
from workbench.store import schema

__all__ = ["SQLAlchemyError", "Store", "open_store"]

BUSY_TIMEOUT_MS = 30_000
_SCHEMA_LOCK = 0x57_42_53_43  # any constant that no other program takes as its advisory lock


@dataclass(frozen=True)
class Store:
    """An open store. `read()` and `write()` are transactions; a write that ends badly leaves nothing behind."""

    engine: Engine

    @contextlib.contextmanager
    def read(self) -> Generator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self, *, alone_for: str = "") -> Generator[Connection]:
        """A write transaction. Two with the same `alone_for` never run at once, whichever process they are in."""
        with self.engine.connect().execution_options(write=True) as connection, connection.begin():
            if self.engine.dialect.name == "postgresql" and alone_for:
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": alone_for}
                )
            yield connection


def open_store(home: Home) -> Store:
    """The home's store, with its tables made if they are missing.

    Raises UsageError WB-R20 for an address that is not SQLite or PostgreSQL, DataError WB-R21 if it cannot be opened.
    """
    url = _address(home.store_url)
    try:
        if url.get_backend_name() == "sqlite":
            return Store(_open_sqlite(url))
        return Store(_open_postgresql(url))
    except OperationalError as exc:
        raise DataError(
            "WB-R21",
            f"the store {url.render_as_string(hide_password=True)} cannot be opened: {exc.orig}",
            "Check the address in WORKBENCH_STORE_URL, and that the server runs or the folder is writable.",
        ) from exc


def _address(address: str) -> URL:
    hint = "Use sqlite:////folder/file.db or postgresql://user@host/database."
    try:
        url = make_url(address)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as exc:
        raise UsageError("WB-R20", "WORKBENCH_STORE_URL is not an address of a database.", hint) from exc
    if backend == "postgresql" and url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend not in ("sqlite", "postgresql") or (backend == "sqlite" and not url.database):
        raise UsageError("WB-R20", f"the store cannot be in '{backend}': SQLite or PostgreSQL.", hint)
    return url


def _open_sqlite(url: URL) -> Engine:
    file = Path(str(url.database))
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    with engine.connect() as connection:
        ready = connection.exec_driver_sql("PRAGMA user_version").scalar_one() == schema.VERSION
    if not ready:
        # Two processes at once: the second waits, and then finds the tables made.
        with FileLock(f"{file}.lock"):
            raw = engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA journal_mode=WAL")
            finally:
                raw.close()
            with Store(engine).write() as connection:
                schema.metadata.create_all(connection)
                for statement in schema.sqlite_guards():
                    connection.exec_driver_sql(statement)
                connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION:d}")
    return engine


def _tune_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # None: the driver begins no transaction of its own, so `_begin_sqlite` decides which kind it is.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")  # an approval that was shown must survive a power cut
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: what a writer has read cannot change before it writes.
    kind = "IMMEDIATE" if connection.get_execution_options().get("write") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {kind}")


def _open_postgresql(url: URL) -> Engine:
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        made = connection.execute(text("SELECT to_regclass('audit')")).scalar_one()
        if made is None:
            schema.metadata.create_all(connection)
            for statement in schema.postgresql_guards():
                connection.execute(text(statement))
    return engine
