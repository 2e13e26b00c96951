"""Who may do what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workbench.config import Home
from workbench.errors import UsageError
from workbench.store import audit, open_store, require, seed_practice_users
from workbench.store.database import Store
from workbench.store.people import User, find_user, list_users, put_user

AT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def sqlite(home: Home) -> Store:
    return open_store(home)


def test_practice_personas_are_seeded_once(home: Home, sqlite: Store) -> None:
    first = seed_practice_users(home, at=AT)
    assert seed_practice_users(home, at=AT) == first
    assert [(u.name, u.roles, u.practice) for u in first] == [
        ("wang.requester", ("business", "modeler"), True),
        ("chen.validator", ("validator",), True),
        ("li.approver", ("approver",), True),
    ]
    assert len(audit.lines(sqlite)) == 3


def test_an_unknown_name_is_answered_with_the_nearest(sqlite: Store) -> None:
    put_user(sqlite, "ann.lee", ["modeler"], who="root", at=AT)
    with pytest.raises(UsageError, match="WB-A01.*Did you mean 'ann.lee'"):
        find_user(sqlite, "anne.lee")


def test_roles_change_and_every_change_is_in_the_log(sqlite: Store) -> None:
    put_user(sqlite, "ann", ["viewer"], who="root", at=AT)
    put_user(sqlite, "ann", ["viewer", "approver"], who="root", at=AT)
    put_user(sqlite, "ann", ["approver", "viewer"], who="root", at=AT)
    assert [u.roles for u in list_users(sqlite)] == [("viewer", "approver")]
    assert [line.detail["before"] for line in audit.lines(sqlite)] == [["viewer"], None]


@pytest.mark.parametrize(
    ("name", "roles"), [("ann", ["approvr"]), ("", ["viewer"]), ("bot", ["service", "approver"])]
)
def test_what_is_no_user_is_refused(sqlite: Store, name: str, roles: list[str]) -> None:
    with pytest.raises(UsageError, match="WB-A03"):
        put_user(sqlite, name, roles, who="root", at=AT)
    assert list_users(sqlite) == []


def test_nobody_becomes_or_stops_being_a_practice_persona(home: Home, sqlite: Store) -> None:
    seed_practice_users(home, at=AT)
    with pytest.raises(UsageError, match="WB-A03.*is a practice user"):
        put_user(sqlite, "li.approver", ["approver"], who="root", at=AT)


def test_an_admin_may_do_everything_but_approve_and_validate() -> None:
    admin = User("root", ("admin",), False, AT)
    require(admin, "modeler")
    for role in ("approver", "validator"):
        with pytest.raises(UsageError, match="WB-A02"):
            require(admin, role)


def test_a_service_account_passes_only_where_it_is_named() -> None:
    robot = User("scheduler", ("service",), False, AT)
    require(robot, "modeler", "service")
    with pytest.raises(UsageError, match="needs the role modeler, and 'scheduler' has service"):
        require(robot, "modeler")
