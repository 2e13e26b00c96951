"""A store in SQLite, and the same in PostgreSQL where a server can be started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workbench.config import Home
from workbench.store import open_store
from workbench.store.database import Store


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def postgresql_home(
    tmp_path: Path, postgresql_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Home:
    import psycopg

    name = f"test_{abs(hash(request.node.nodeid))}"  # a schema of its own: made in milliseconds, unlike a database
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(name)))
    monkeypatch.setenv("WORKBENCH_STORE_URL", f"{postgresql_server}/postgres?options=-csearch_path%3D{name}")
    return Home(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_home(request: pytest.FixtureRequest) -> Home:
    return request.getfixturevalue("home" if request.param == "sqlite" else "postgresql_home")


@pytest.fixture
def store(any_home: Home) -> Store:
    return open_store(any_home)


@pytest.fixture
def environment() -> dict[str, str]:
    """For a child process that imports the workbench from this checkout."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
