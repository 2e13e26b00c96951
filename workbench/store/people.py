"""People and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from workbench.config import Home
from workbench.errors import UsageError, did_you_mean
from workbench.store import audit
from workbench.store.database import Store, open_store
from workbench.store.schema import users

ROLES = ("viewer", "business", "modeler", "validator", "approver", "admin", "service")

PRACTICE_REQUESTER = "wang.requester"
PRACTICE_VALIDATOR = "chen.validator"
PRACTICE_APPROVER = "li.approver"

_PRACTICE = {
    PRACTICE_REQUESTER: ("business", "modeler"),
    PRACTICE_VALIDATOR: ("validator",),
    PRACTICE_APPROVER: ("approver",),
}


@dataclass(frozen=True)
class User:
    """A person or service account. `practice` people exist to try things out: what they release is marked."""

    name: str
    roles: tuple[str, ...]
    practice: bool
    added_at: datetime

    def has(self, *roles: str) -> bool:
        """Whether the user has any of these roles."""
        return any(role in self.roles for role in roles)


def require(user: User, *roles: str) -> None:
    """Returns if the user has one of the roles; an admin may do whatever is not an approval.

    Raises UsageError WB-A02 otherwise. A service account passes only where `service` is named.
    """
    asked = [*roles] if "approver" in roles or "validator" in roles else [*roles, "admin"]
    if not user.has(*asked):
        raise UsageError(
            "WB-A02",
            f"'{user.name}' may not do this: it needs the role {' or '.join(roles)}, and '{user.name}' has "
            f"{', '.join(user.roles) or 'none'}.",
            "Ask an admin for the role, or somebody who has it.",
        )


def find_user(store: Store, name: str) -> User:
    """The user of this name. Raises UsageError WB-A01 with a did-you-mean for a name that nobody has."""
    with store.read() as connection:
        return user_in(connection, name)


def user_in(connection: Connection, name: str) -> User:
    row = connection.execute(select(users).where(users.c.name == name)).one_or_none()
    if row is None:
        known = connection.execute(select(users.c.name).order_by(users.c.name)).scalars().all()
        raise UsageError("WB-A01", f"nobody is called '{name}'.", did_you_mean(name, known))
    return _user(row._mapping)


def list_users(store: Store) -> list[User]:
    """Everybody, by name."""
    with store.read() as connection:
        return [_user(row._mapping) for row in connection.execute(select(users).order_by(users.c.name))]


def put_user(
    store: Store, name: str, roles: Iterable[str], *, who: str, at: datetime, practice: bool = False
) -> User:
    """Adds a user or changes the roles of one; a practice user stays one for ever, and nobody becomes one later.

    Raises UsageError WB-A03 for an unknown role, an empty name, or `service` beside another role.
    """
    chosen = _checked_roles(roles)
    if not name.strip() or len(name) > 200:
        raise UsageError("WB-A03", "a user's name has 1 to 200 characters.", "Give the name used at login.")
    with store.write(alone_for="users") as connection:
        was = connection.execute(select(users).where(users.c.name == name)).one_or_none()
        if was is None:
            connection.execute(
                insert(users).values(name=name, roles=list(chosen), practice=practice, added_at=at)
            )
        else:
            if bool(was.practice) != practice:
                raise UsageError(
                    "WB-A03",
                    f"'{name}' {'is' if was.practice else 'is not'} a practice user, which cannot change.",
                    "Add a user with another name.",
                )
            connection.execute(update(users).where(users.c.name == name).values(roles=list(chosen)))
        if was is None or tuple(was.roles) != chosen:
            detail = {
                "roles": list(chosen),
                "before": list(was.roles) if was is not None else None,
                "practice": practice,
            }
            audit.record(connection, who=who, action="user.put", subject=f"user:{name}", at=at, detail=detail)
        return user_in(connection, name)


def seed_practice_users(home: Home, *, at: datetime) -> tuple[User, ...]:
    """The practice personas (requester, validator, approver), added once; later calls change nothing."""
    store = open_store(home)
    return tuple(
        put_user(store, name, roles, who="workbench", at=at, practice=True)
        for name, roles in _PRACTICE.items()
    )


def any_practice(connection: Connection, names: Iterable[str | None]) -> bool:
    """Whether any of these people is a practice persona."""
    asked = [name for name in names if name]
    found = select(users.c.name).where(users.c.name.in_(asked), users.c.practice.is_(True)).limit(1)
    return connection.execute(found).first() is not None


def _checked_roles(roles: Iterable[str]) -> tuple[str, ...]:
    given = set(roles)
    for role in sorted(given):
        if role not in ROLES:
            raise UsageError("WB-A03", f"no role is called '{role}'.", did_you_mean(role, ROLES))
    if "service" in given and len(given) > 1:
        raise UsageError(
            "WB-A03",
            f"a service account has no other role, but got {', '.join(sorted(given))}.",
            "Give the person an account of their own.",
        )
    return tuple(role for role in ROLES if role in given)


def _user(values: RowMapping) -> User:
    return User(values["name"], tuple(values["roles"]), bool(values["practice"]), values["added_at"])
