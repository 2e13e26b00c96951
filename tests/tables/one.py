"""One declared table `t` in a folder, loaded as a dataset loads it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from sqlglot import exp

from workbench.errors import WorkbenchError
from workbench.tables.catalog import parse_tables
from workbench.tables.engine import AT, KNOWN, Engine, Loaded, named
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import read_yaml


def declared(folder: Path, settings: str) -> TableSet:
    """The table set of a tables.yaml whose one table `t` has these settings, as YAML."""
    path = folder / "tables.yaml"
    path.write_text(f"entity: id\nobserved_until: 2025-12-31\ntables:\n  t: {settings}\n", encoding="utf-8")
    return parse_tables(read_yaml(path), "one")


def load(folder: Path, settings: str) -> tuple[Loaded, pd.DataFrame]:
    """What loading the table found, and its rows without the workbench's own columns."""
    with Engine(declared(folder, settings)) as engine:
        found = engine.load("t", strict=False)
        rows = engine.frame(exp.select("*").from_(named("t")))
    return found, rows.drop(columns=[c for c in (AT, KNOWN) if c in rows])


def loaded(folder: Path, settings: str) -> pd.DataFrame:
    return load(folder, settings)[1]


def refusal(folder: Path, settings: str) -> str:
    """The code and words with which the table is refused."""
    with pytest.raises(WorkbenchError) as error:
        load(folder, settings)
    return str(error.value)
