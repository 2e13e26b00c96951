"""Model versions: 1, 2, 3 per name, each a folder that is whole before anybody can see its row."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, insert, select, update

from workbench.files import whole_folder
from workbench.store import audit
from workbench.store.database import Store
from workbench.store.schema import model_versions


@dataclass(frozen=True)
class VersionOrigin:
    """Where a model version comes from."""

    name: str
    task: str
    kind: str
    fingerprint: str
    trained_by: str
    job_id: str | None
    created_at: datetime


@dataclass(frozen=True)
class ModelVersion:
    """One row of the versions table. `mirror` says whether MLflow has it: `pending` or `done`."""

    name: str
    version: int
    task: str
    kind: str
    fingerprint: str
    trained_by: str
    job_id: str | None
    run_id: str | None
    mlflow_version: int | None
    mirror: str
    mirror_problem: str | None
    created_at: datetime


def add_version(
    store: Store,
    origin: VersionOrigin,
    *,
    models: Path,
    write: Callable[[Path], None],
    sign: Callable[[Path, int], None] | None = None,
) -> ModelVersion:
    """The next version of `origin.name`, written by `write(folder)` to `models/<name>/<version>/`.

    `sign(folder, version)`, which must be quick, adds what has to name the version.

    The content is prepared aside first; number, rename and row are one transaction. A process that dies in
    between leaves no row, and the next one takes the same number and replaces the orphaned folder.
    """
    home = models / origin.name
    home.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".", suffix=".staged", dir=home))
    try:
        write(staged)
        with store.write(alone_for=f"version:{origin.name}") as connection:
            newest = connection.execute(
                select(func.max(model_versions.c.version)).where(model_versions.c.name == origin.name)
            ).scalar_one()
            version = (newest or 0) + 1
            with whole_folder(home / str(version)) as part:
                for child in staged.iterdir():
                    child.replace(part / child.name)
                if sign is not None:
                    sign(part, version)
            connection.execute(
                insert(model_versions).values(
                    name=origin.name,
                    version=version,
                    task=origin.task,
                    kind=origin.kind,
                    fingerprint=origin.fingerprint,
                    trained_by=origin.trained_by,
                    job_id=origin.job_id,
                    mirror="pending",
                    created_at=origin.created_at,
                )
            )
            audit.record(
                connection,
                who=origin.trained_by,
                action="model.trained",
                subject=f"model:{origin.name}@{version}",
                at=origin.created_at,
                detail={"fingerprint": origin.fingerprint, "job_id": origin.job_id},
            )
    finally:
        shutil.rmtree(staged)
    found = get_version(store, origin.name, version)
    assert found is not None  # the transaction above has just made it
    return found


def get_version(store: Store, name: str, version: int) -> ModelVersion | None:
    """One version, or None."""
    with store.read() as connection:
        row = connection.execute(
            select(model_versions).where(model_versions.c.name == name, model_versions.c.version == version)
        ).one_or_none()
    return None if row is None else ModelVersion(**row._mapping)


def list_versions(store: Store, name: str | None = None, *, pending: bool = False) -> list[ModelVersion]:
    """Versions by name and number, of one name or of all; with `pending`, only those that MLflow has not got."""
    query = select(model_versions).order_by(model_versions.c.name, model_versions.c.version)
    if name is not None:
        query = query.where(model_versions.c.name == name)
    if pending:
        query = query.where(model_versions.c.mirror == "pending")
    with store.read() as connection:
        return [ModelVersion(**row._mapping) for row in connection.execute(query)]


def names(store: Store) -> list[str]:
    """Every model name that has a version."""
    query = select(model_versions.c.name).distinct().order_by(model_versions.c.name)
    with store.read() as connection:
        return list(connection.execute(query).scalars())


def note_mirror(
    store: Store,
    name: str,
    version: int,
    *,
    run_id: str | None = None,
    mlflow_version: int | None = None,
    problem: str | None = None,
) -> None:
    """Writes down that MLflow has this version (`run_id`), or why it has not (`problem`)."""
    values = (
        {"mirror_problem": problem}
        if problem is not None
        else {"run_id": run_id, "mlflow_version": mlflow_version, "mirror": "done", "mirror_problem": None}
    )
    with store.write() as connection:
        connection.execute(
            update(model_versions)
            .where(model_versions.c.name == name, model_versions.c.version == version)
            .values(**values)
        )
