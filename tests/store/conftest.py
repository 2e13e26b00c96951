"""A store in SQLite, and the same in PostgreSQL where a server can be started."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.config import Home
from workbench.store import open_store
from workbench.store.database import Store


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a PostgreSQL server on 127.0.0.1 that lives as long as the tests."""
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if initdb is None or postgres is None or os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL's server is not installed on this machine")
    folder = tmp_path_factory.mktemp("postgresql")
    data = folder / "data"
    prefix: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        prefix = ["runuser", "-u", "nobody", "--"]
        for part in (folder, *folder.parents[:3]):
            if part != Path("/tmp"):
                part.chmod(part.stat().st_mode | 0o055)
        data.mkdir(mode=0o700)
        shutil.chown(data, "nobody")
    subprocess.run(
        [*prefix, initdb, "-D", str(data), "-U", "bank", "-A", "trust", "-N"], check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
    server = subprocess.Popen(
        [*prefix, postgres, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, server)
        yield f"postgresql://bank@127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    import time

    import psycopg

    for _ in range(150):
        assert server.poll() is None, "the PostgreSQL server ended at once"
        try:
            psycopg.connect(f"postgresql://bank@127.0.0.1:{port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the PostgreSQL server did not answer within 15 s")


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
