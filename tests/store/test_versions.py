"""Versions count 1, 2, 3 per name, whoever asks at the same time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.config import Home
from workbench.store import open_store
from workbench.store.database import Store
from workbench.store.versions import (
    VersionOrigin,
    add_version,
    get_version,
    list_versions,
    names,
    note_mirror,
)

AT = datetime(2026, 11, 21, tzinfo=UTC)


def origin(name: str = "m") -> VersionOrigin:
    return VersionOrigin(name, "d/m", "response", "f00d", "ann", "job-1", AT)


def write(folder: Path) -> None:
    (folder / "artefact").mkdir()
    (folder / "artefact" / "facts.json").write_text("{}")


def test_versions_count_from_one_per_name(store: Store, any_home: Home) -> None:
    made = [add_version(store, origin(name), models=any_home.models, write=write) for name in "aab"]
    assert [(row.name, row.version, row.mirror, row.run_id) for row in made] == [
        ("a", 1, "pending", None),
        ("a", 2, "pending", None),
        ("b", 1, "pending", None),
    ]
    assert names(store) == ["a", "b"]
    assert [p.name for p in sorted((any_home.models / "a").iterdir())] == ["1", "2"]
    assert (any_home.models / "a" / "2" / "artefact" / "facts.json").is_file()


def test_a_write_that_fails_leaves_neither_folder_nor_row(store: Store, any_home: Home) -> None:
    def broken(folder: Path) -> None:
        write(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        add_version(store, origin(), models=any_home.models, write=broken)
    assert list_versions(store) == []
    assert list((any_home.models / "m").iterdir()) == []


def test_a_folder_without_a_row_is_an_orphan_and_is_replaced(store: Store, any_home: Home) -> None:
    (any_home.models / "m" / "1").mkdir(parents=True)
    (any_home.models / "m" / "1" / "half").write_text("written before the process died")
    row = add_version(store, origin(), models=any_home.models, write=write)
    assert row.version == 1
    assert [p.name for p in (any_home.models / "m" / "1").iterdir()] == ["artefact"]


def test_pending_is_a_mark_until_mlflow_has_it(store: Store, any_home: Home) -> None:
    add_version(store, origin(), models=any_home.models, write=write)
    note_mirror(store, "m", 1, problem="down")
    row = get_version(store, "m", 1)
    assert row is not None
    assert (row.mirror, row.mirror_problem) == ("pending", "down")
    note_mirror(store, "m", 1, run_id="abc", mlflow_version=4)
    row = get_version(store, "m", 1)
    assert row is not None
    assert (row.mirror, row.mirror_problem, row.run_id, row.mlflow_version) == ("done", None, "abc", 4)
    assert list_versions(store, pending=True) == []


def test_two_processes_at_once_never_share_a_version(any_home: Home, environment: dict[str, str]) -> None:
    program = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from test_versions import origin; from workbench.config import Home; from workbench.store import open_store\n"
        "from workbench.store.versions import add_version\n"
        "home = Home(Path(sys.argv[1])); store = open_store(home)\n"
        "def write(folder): (folder / 'who').write_text(sys.argv[3])\n"
        "for _ in range(8): print(add_version(store, origin(), models=home.models, write=write).version)\n"
    )
    here = str(Path(__file__).parent)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(any_home.path), here, who],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        for who in ("first", "second")
    ]
    got: dict[str, list[int]] = {}
    for who, process in zip(("first", "second"), running, strict=True):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()
        got[who] = [int(line) for line in out.split()]
    assert sorted(got["first"] + got["second"]) == list(range(1, 17))
    for who, versions in got.items():
        for version in versions:
            assert (any_home.models / "m" / str(version) / "who").read_text() == who
    assert [row.version for row in list_versions(open_store(any_home))] == list(range(1, 17))
