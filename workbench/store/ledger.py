"""The promotion ledger: which version of a model was live from when, who said so, why, on what evidence.

The ledger is the truth for what is live. Lines are added, never changed: a promotion puts a version on top,
a rollback takes the top one off, and what is then on top is live.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from workbench.errors import UsageError
from workbench.store import audit
from workbench.store.database import Store
from workbench.store.schema import ledger


@dataclass(frozen=True)
class LedgerLine:
    """One promotion or rollback; `version` is live from this line on."""

    id: int
    name: str
    action: str
    version: int
    previous_version: int | None
    who: str
    why: str
    evidence: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Deed:
    """Who acts, why, on what evidence, when."""

    who: str
    why: str
    evidence: Mapping[str, Any]
    at: datetime


def history(store: Store, name: str) -> list[LedgerLine]:
    """All lines of a model, the oldest first."""
    with store.read() as connection:
        return _lines(connection, name)


def live_stack(store: Store, name: str) -> list[int]:
    """The versions that rollbacks would uncover, the live one last; empty while nothing was ever promoted."""
    with store.read() as connection:
        return _stack(_lines(connection, name))


def promote(connection: Connection, name: str, version: int, deed: Deed) -> None:
    """Makes `version` live, inside the caller's transaction. Promoting what is live already adds no line."""
    stack = _stack(_lines(connection, name))
    if stack and stack[-1] == version:
        return
    _add(connection, name, "promote", version, stack[-1] if stack else None, deed)


def roll_back(store: Store, name: str, deed: Deed) -> LedgerLine:
    """Takes the live version off; the one before it is live again.

    Raises UsageError WB-R04 if nothing is live, or nothing was live before it.
    """
    with store.write(alone_for=f"ledger:{name}") as connection:
        stack = _stack(_lines(connection, name))
        if len(stack) < 2:
            state = f"version {stack[0]} is the first that ever was" if stack else "no version is"
            raise UsageError(
                "WB-R04",
                f"'{name}' cannot be rolled back: {state} live.",
                "Publish another version and have it approved instead.",
            )
        _add(connection, name, "rollback", stack[-2], stack[-1], deed)
        return _lines(connection, name)[-1]


def _add(
    connection: Connection, name: str, action: str, version: int, previous: int | None, deed: Deed
) -> None:
    connection.execute(
        insert(ledger).values(
            name=name,
            action=action,
            version=version,
            previous_version=previous,
            who=deed.who,
            why=deed.why,
            evidence=dict(deed.evidence),
            at=deed.at,
        )
    )
    audit.record(
        connection,
        who=deed.who,
        action=f"model.{action}",
        subject=f"model:{name}@{version}",
        at=deed.at,
        detail={"previous": previous, "why": deed.why},
    )


def _lines(connection: Connection, name: str) -> list[LedgerLine]:
    rows = connection.execute(select(ledger).where(ledger.c.name == name).order_by(ledger.c.id))
    return [LedgerLine(**row._mapping) for row in rows]


def _stack(lines: list[LedgerLine]) -> list[int]:
    stack: list[int] = []
    for line in lines:
        if line.action == "rollback":
            stack.pop()
        else:
            stack.append(line.version)
    return stack
