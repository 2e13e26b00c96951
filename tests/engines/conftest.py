"""The same definitions on every engine: DuckDB in this process, a real PostgreSQL, a real Spark with two cores."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

ENGINES = ("duckdb", "postgres", "spark")


def use_engine(kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """From here on this test's engines are of that kind."""
    if kind == "postgres":
        server = request.getfixturevalue("postgresql_server")
        monkeypatch.setenv("WORKBENCH_DATABASE_SHOP", f"{server}/postgres")
    if kind == "spark":
        if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
            pytest.skip("PySpark or Java is not installed on this machine")
        monkeypatch.setenv("WORKBENCH_SPARK_MASTER", "local[2]")
    monkeypatch.setenv("WORKBENCH_ENGINE", kind)
    return kind


@pytest.fixture(params=ENGINES)
def engine_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    return use_engine(request.param, request, monkeypatch)
