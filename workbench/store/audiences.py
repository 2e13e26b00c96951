"""Lists: a version per content, each a folder that is whole before anybody can see its row; and what left the house."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from workbench.files import whole_folder
from workbench.store import audit
from workbench.store.database import Store
from workbench.store.schema import audiences, exports


@dataclass(frozen=True)
class AudienceRow:
    """One row of the lists table."""

    name: str
    version: int
    content_sha256: str
    model_name: str
    model_version: int
    built_by: str
    built_at: datetime
    manifest: dict[str, Any]


@dataclass(frozen=True)
class NewAudience:
    """A list that asks for its version. `write(folder, version)` fills its folder and returns its manifest."""

    name: str
    content_sha256: str
    model_name: str
    model_version: int
    built_by: str
    built_at: datetime
    write: Callable[[Path, int], Mapping[str, Any]]


def add_audience(store: Store, new: NewAudience, *, lists: Path) -> tuple[AudienceRow, bool]:
    """The version of this content, and whether it is new: the same content of the same name is never there twice."""
    home = lists / new.name
    home.mkdir(parents=True, exist_ok=True)
    with store.write(alone_for=f"list:{new.name}") as connection:
        mine = audiences.c.name == new.name
        same = connection.execute(
            select(audiences).where(mine, audiences.c.content_sha256 == new.content_sha256)
        ).one_or_none()
        if same is not None:
            return AudienceRow(**same._mapping), False
        newest = connection.execute(select(func.max(audiences.c.version)).where(mine)).scalar_one()
        version = (newest or 0) + 1
        staged = Path(tempfile.mkdtemp(prefix=".", suffix=".staged", dir=home))
        try:
            manifest = dict(new.write(staged, version))
            with whole_folder(home / str(version)) as part:
                for child in staged.iterdir():
                    child.replace(part / child.name)
        finally:
            shutil.rmtree(staged)
        row = AudienceRow(
            name=new.name,
            version=version,
            content_sha256=new.content_sha256,
            model_name=new.model_name,
            model_version=new.model_version,
            built_by=new.built_by,
            built_at=new.built_at,
            manifest=manifest,
        )
        connection.execute(insert(audiences).values(**row.__dict__))
        audit.record(
            connection,
            who=new.built_by,
            action="list.built",
            subject=f"list:{new.name}@{version}",
            at=new.built_at,
            detail={"funnel": manifest.get("funnel"), "model": f"{new.model_name}@{new.model_version}"},
        )
    return row, True


def list_audiences(store: Store, name: str | None = None) -> list[AudienceRow]:
    """Lists by name and version, of one name or of all."""
    query = select(audiences).order_by(audiences.c.name, audiences.c.version)
    if name is not None:
        query = query.where(audiences.c.name == name)
    with store.read() as connection:
        return [AudienceRow(**row._mapping) for row in connection.execute(query)]


def note_export(store: Store, values: Mapping[str, Any]) -> None:
    """Writes down that a list left the house: a row of `exports` and a line of the activity log."""
    with store.write() as connection:
        connection.execute(insert(exports).values(**values))
        audit.record(
            connection,
            who=values["who"],
            action="list.exported",
            subject=f"list:{values['name']}@{values['version']}",
            at=values["at"],
            detail={k: values[k] for k in ("file", "rows", "sha256", "practice", "approval_id")},
        )


def list_exports(store: Store, name: str, version: int) -> list[dict[str, Any]]:
    """Every export of one list, the oldest first."""
    query = select(exports).where(exports.c.name == name, exports.c.version == version).order_by(exports.c.id)
    with store.read() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]
