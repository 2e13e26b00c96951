"""The activity log: who did what to which thing, when. Lines are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from workbench.store.database import Store
from workbench.store.schema import audit


@dataclass(frozen=True)
class AuditLine:
    """One line of the activity log."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(
    connection: Connection,
    *,
    who: str,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Adds one line inside the caller's transaction, so that the deed and its line stand or fall together."""
    connection.execute(
        insert(audit).values(at=at, who=who, action=action, subject=subject, detail=dict(detail or {}))
    )


def lines(store: Store, *, subject: str | None = None, limit: int = 200) -> list[AuditLine]:
    """The newest lines first, of one subject or of all."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    with store.read() as connection:
        return [AuditLine(**row._mapping) for row in connection.execute(query)]
