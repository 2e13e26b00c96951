"""Real workers in real processes, started and ended here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs.processes import Workers
from workbench.config import Home
from workbench.jobs import database


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    place = Home(tmp_path)
    yield place
    database.close(place)


@pytest.fixture
def workers(home: Home) -> Iterator[Workers]:
    group = Workers(home)
    yield group
    group.stop()
