"""A second person decides, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from workbench.config import Home
from workbench.errors import AwaitingApproval, UsageError
from workbench.store import approvals, audit, ledger, open_store
from workbench.store.approvals import Approval, Subject
from workbench.store.database import Store
from workbench.store.ledger import Deed
from workbench.store.people import put_user

AT = datetime(2026, 11, 21, tzinfo=UTC)
PEOPLE = {
    "ann": ["modeler", "approver", "validator"],
    "bob": ["approver"],
    "eve": ["approver"],
    "val": ["validator"],
    "both": ["validator", "approver"],
    "root": ["admin"],
    "robot": ["service"],
    "vic": ["viewer"],
}


def staff(store: Store) -> Store:
    for name, roles in PEOPLE.items():
        put_user(store, name, roles, who="root", at=AT)
    return store


@pytest.fixture
def staffed(home: Home) -> Store:
    return staff(open_store(home))


@pytest.fixture
def staffed_anywhere(store: Store) -> Store:
    """The same in SQLite and in PostgreSQL, for what the database itself must get right."""
    return staff(store)


def ask(store: Store, subject: Subject | None = None, who: str = "ann") -> Approval:
    return approvals.request(store, subject or Subject("model", "m", 1), who=who, note="please", at=AT)


def approve(store: Store, asked: Approval, who: str = "bob") -> Approval:
    return approvals.approve(store, asked.id, who=who, reason="fine", evidence={"test_auc": 0.8}, at=AT)


def test_an_approved_model_is_live_with_who_why_and_evidence(staffed_anywhere: Store) -> None:
    asked = ask(staffed_anywhere)
    assert (asked.status, asked.waits_for) == ("waiting", "approver")
    done = approve(staffed_anywhere, asked)
    assert (done.status, done.decider, done.waits_for) == ("approved", "bob", None)
    (line,) = ledger.history(staffed_anywhere, "m")
    assert (line.action, line.version, line.previous_version, line.who, line.why) == (
        "promote",
        1,
        None,
        "bob",
        "fine",
    )
    assert line.evidence == {"test_auc": 0.8, "approval": asked.id, "requester": "ann", "validator": None}
    assert [entry.action for entry in audit.lines(staffed_anywhere, subject="model:m@1")] == [
        "model.promote",
        "approval.approved",
        "approval.requested",
    ]


def test_asking_twice_is_asking_once(staffed: Store) -> None:
    first = ask(staffed)
    assert ask(staffed, who="robot").id == first.id
    done = approve(staffed, first)
    assert ask(staffed) == done


def test_after_a_rejection_one_may_ask_anew(staffed_anywhere: Store) -> None:
    first = ask(staffed_anywhere)
    approvals.reject(staffed_anywhere, first.id, who="bob", reason="too few rows", at=AT)
    second = ask(staffed_anywhere)
    assert (second.id > first.id, second.status) == (True, "waiting")


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("ann", "WB-A05"),
        ("root", "WB-A02"),
        ("robot", "WB-A04"),
        ("vic", "WB-A02"),
        ("nobody", "WB-A01"),
        ("val", "WB-A02"),
    ],
)
def test_who_may_not_approve(staffed: Store, who: str, code: str) -> None:
    asked = ask(staffed)
    with pytest.raises(UsageError, match=code):
        approve(staffed, asked, who)
    assert approvals.get(staffed, asked.id).status == "waiting"
    assert ledger.history(staffed, "m") == []


def test_an_admin_who_asked_cannot_approve_even_with_the_role(staffed: Store) -> None:
    put_user(staffed, "boss", ["admin", "approver", "modeler"], who="root", at=AT)
    asked = ask(staffed, who="boss")
    with pytest.raises(UsageError, match="WB-A05"):
        approve(staffed, asked, "boss")


@pytest.mark.parametrize("who", ["vic", "bob", "val"])
def test_who_only_looks_or_decides_does_not_ask(staffed: Store, who: str) -> None:
    with pytest.raises(UsageError, match="WB-A02"):
        ask(staffed, who=who)


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_a_decision_stands(staffed: Store, first: str, second: str) -> None:
    asked = ask(staffed)

    def decide(verb: str, who: str) -> Approval:
        if verb == "approve":
            return approve(staffed, asked, who)
        return approvals.reject(staffed, asked.id, who=who, reason="no", at=AT)

    done = decide(first, "bob")
    with pytest.raises(UsageError, match=f"WB-A06.*already {done.status}, by 'bob'"):
        decide(second, "eve")
    assert approvals.get(staffed, asked.id) == done


def test_a_rejection_says_why(staffed: Store) -> None:
    with pytest.raises(UsageError, match="WB-A10"):
        approvals.reject(staffed, ask(staffed).id, who="bob", reason=" ", at=AT)


def test_an_unknown_request_is_answered_with_those_that_wait(staffed: Store) -> None:
    asked = ask(staffed)
    with pytest.raises(UsageError, match=f"WB-A08.*Waiting: {asked.id}"):
        approvals.get(staffed, 999)


def validate(store: Store, asked: Approval, who: str, built_by: str = "mo") -> Approval:
    return approvals.validate(store, asked.id, who=who, note="sound", built_by=built_by, at=AT)


def test_the_credit_tier_waits_for_a_validator_first(staffed: Store) -> None:
    asked = ask(staffed, Subject("model", "risk", 1, "credit"))
    assert asked.waits_for == "validator"
    with pytest.raises(AwaitingApproval, match="WB-A09") as caught:
        approve(staffed, asked)
    assert caught.value.exit_code == 5
    signed = validate(staffed, asked, "val")
    assert (signed.validator, signed.waits_for) == ("val", "approver")
    assert approve(staffed, asked).people == ("ann", "val", "bob")


@pytest.mark.parametrize(("who", "code"), [("ann", "WB-A05"), ("bob", "WB-A02"), ("root", "WB-A02")])
def test_who_may_not_validate(staffed: Store, who: str, code: str) -> None:
    asked = ask(staffed, Subject("model", "risk", 1, "credit"))
    with pytest.raises(UsageError, match=code):
        validate(staffed, asked, who)


def test_whoever_built_the_model_does_not_validate_it(staffed: Store) -> None:
    asked = ask(staffed, Subject("model", "risk", 1, "credit"))
    with pytest.raises(UsageError, match="WB-A05"):
        validate(staffed, asked, "val", built_by="val")


def test_validator_and_approver_are_two_people(staffed: Store) -> None:
    asked = ask(staffed, Subject("model", "risk", 1, "credit"))
    validate(staffed, asked, "both")
    with pytest.raises(UsageError, match="WB-A05"):
        approve(staffed, asked, "both")
    with pytest.raises(UsageError, match="WB-A07.*'both' has already signed"):
        validate(staffed, asked, "val")


def test_the_marketing_tier_needs_no_validator(staffed: Store) -> None:
    with pytest.raises(UsageError, match="WB-A07"):
        validate(staffed, ask(staffed), "val")


def test_many_decide_at_once_and_one_decides(staffed_anywhere: Store, any_home: Home) -> None:
    asked = ask(staffed_anywhere)

    def decide(k: int) -> str:
        store = open_store(any_home)
        who = "bob" if k % 2 else "eve"
        try:
            if k % 3:
                return approve(store, asked, who).status
            return approvals.reject(store, asked.id, who=who, reason="no", at=AT).status
        except UsageError as exc:
            return exc.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(decide, range(8)))
    assert outcomes[:7] == ["WB-A06"] * 7
    assert outcomes[7] == approvals.get(staffed_anywhere, asked.id).status
    assert len(ledger.history(staffed_anywhere, "m")) == (outcomes[7] == "approved")


def test_many_ask_at_once_and_one_request_is_made(staffed_anywhere: Store, any_home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda _: ask(open_store(any_home)).id, range(8)))
    assert len(set(asked)) == 1


def live(store: Store, version: int) -> None:
    approve(store, ask(store, Subject("model", "m", version)))


def test_a_rollback_uncovers_what_was_live_before(staffed_anywhere: Store) -> None:
    for version in (1, 2, 3):
        live(staffed_anywhere, version)
    assert ledger.live_stack(staffed_anywhere, "m") == [1, 2, 3]
    deed = Deed("bob", "complaints", {}, AT)
    assert ledger.roll_back(staffed_anywhere, "m", deed).version == 2
    line = ledger.roll_back(staffed_anywhere, "m", deed)
    assert (line.action, line.version, line.previous_version, line.why) == ("rollback", 1, 2, "complaints")
    with pytest.raises(UsageError, match="WB-R04.*version 1 is the first"):
        ledger.roll_back(staffed_anywhere, "m", deed)
    live(staffed_anywhere, 4)
    assert ledger.live_stack(staffed_anywhere, "m") == [1, 4]
    assert len(ledger.history(staffed_anywhere, "m")) == 6


def test_nothing_live_nothing_to_roll_back(staffed: Store) -> None:
    with pytest.raises(UsageError, match="WB-R04.*no version is live"):
        ledger.roll_back(staffed, "m", Deed("bob", "x", {}, AT))
