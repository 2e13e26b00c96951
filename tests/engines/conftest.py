"""The same definitions on every engine: DuckDB in this process, a real PostgreSQL, a real Spark with two cores."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

ENGINES = ("duckdb", "postgres", "spark")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One process per engine: a second Spark or PostgreSQL would only be started to be idle."""
    for item in items:
        for kind in ("spark", "postgres"):
            if f"[{kind}" in item.name or f"-{kind}" in item.name:
                item.add_marker(pytest.mark.xdist_group(kind))


def use_engine(kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """From here on this test's engines are of that kind."""
    if kind == "postgres":
        server = request.getfixturevalue("postgresql_server")
        monkeypatch.setenv("WORKBENCH_DATABASE_SHOP", f"{server}/postgres")
    if kind == "spark":
        if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
            missing = "PySpark or Java is not installed on this machine: make spark"
            pytest.fail(missing) if os.environ.get("WORKBENCH_NEED_ENGINES") else pytest.skip(missing)
        monkeypatch.setenv("WORKBENCH_SPARK_MASTER", "local[2]")
    monkeypatch.setenv("WORKBENCH_ENGINE", kind)
    return kind


@pytest.fixture(params=ENGINES)
def engine_kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    return use_engine(request.param, request, monkeypatch)
