from __future__ import annotations

from pathlib import Path

import pytest

from workbench.config import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def artefact():
    from tests.registry.small_model import train_small

    return train_small()
