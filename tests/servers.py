"""Servers that tests start for themselves, on 127.0.0.1 and gone with the tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a PostgreSQL server on 127.0.0.1 that lives as long as the tests."""
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    as_root = os.geteuid() == 0
    if initdb is None or postgres is None or (as_root and shutil.which("runuser") is None):
        pytest.skip("PostgreSQL's server is not installed on this machine")
    prefix = ["runuser", "-u", "nobody", "--"] if as_root else []  # the server refuses to run as root
    data = tempfile.mkdtemp(prefix="workbench-postgresql-")
    try:
        if as_root:
            shutil.chown(data, "nobody")
        made = [*prefix, initdb, "-D", data, "-U", "bank", "-A", "trust", "-N"]
        subprocess.run(made, check=True, capture_output=True, cwd="/")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        serve = [*prefix, postgres, "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
        server = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        try:
            _wait_for(port, server)
            yield f"postgresql://bank@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)
    finally:
        shutil.rmtree(data)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
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
