"""Who may do what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workbench.errors import UsageError
from workbench.store import audit, require, seed_practice_users
from workbench.store.database import Store
from workbench.store.people import User, find_user, list_users, put_user

AT = datetime(2026, 11, 21, tzinfo=UTC)


def test_practice_personas_are_seeded_once(any_home, store: Store) -> None:
    first = seed_practice_users(any_home, at=AT)
    assert seed_practice_users(any_home, at=AT) == first
    assert [(u.name, u.roles, u.practice) for u in first] == [
        ("wang.requester", ("business", "modeler"), True),
        ("chen.validator", ("validator",), True),
        ("li.approver", ("approver",), True),
    ]
    assert len(audit.lines(store)) == 3


def test_an_unknown_name_is_answered_with_the_nearest(store: Store) -> None:
    put_user(store, "ann.lee", ["modeler"], who="root", at=AT)
    with pytest.raises(UsageError, match="WB-A01.*Did you mean 'ann.lee'"):
        find_user(store, "anne.lee")


def test_roles_change_and_every_change_is_in_the_log(store: Store) -> None:
    put_user(store, "ann", ["viewer"], who="root", at=AT)
    put_user(store, "ann", ["viewer", "approver"], who="root", at=AT)
    put_user(store, "ann", ["approver", "viewer"], who="root", at=AT)
    assert [u.roles for u in list_users(store)] == [("viewer", "approver")]
    assert [line.detail["before"] for line in audit.lines(store)] == [["viewer"], None]


@pytest.mark.parametrize(
    ("name", "roles"), [("ann", ["approvr"]), ("", ["viewer"]), ("bot", ["service", "approver"])]
)
def test_what_is_no_user_is_refused(store: Store, name: str, roles: list[str]) -> None:
    with pytest.raises(UsageError, match="WB-A03"):
        put_user(store, name, roles, who="root", at=AT)
    assert list_users(store) == []


def test_nobody_becomes_or_stops_being_a_practice_persona(any_home, store: Store) -> None:
    seed_practice_users(any_home, at=AT)
    with pytest.raises(UsageError, match="WB-A03.*is a practice user"):
        put_user(store, "li.approver", ["approver"], who="root", at=AT)


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
