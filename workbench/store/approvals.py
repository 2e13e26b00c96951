"""Requests for release, and the second person's answer.

A request is decided once. Nobody answers their own; a service account answers none. What belongs to the credit
tier needs a validator's signature, of somebody who neither asked for it nor built it, before the approver's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from workbench.errors import AwaitingApproval, UsageError
from workbench.store import audit, ledger
from workbench.store.database import Store
from workbench.store.ledger import Deed
from workbench.store.people import require, user_in
from workbench.store.schema import approvals

SubjectKind = Literal["model", "list"]
Tier = Literal["marketing", "credit"]


@dataclass(frozen=True)
class Subject:
    """What asks for release: one version of a model or of a list."""

    kind: SubjectKind
    name: str
    version: int
    tier: Tier = "marketing"
    built_by: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}@{self.version}"


@dataclass(frozen=True)
class Approval:
    """A request and, once it is decided, the answer."""

    id: int
    subject_kind: SubjectKind
    name: str
    version: int
    tier: Tier
    status: Literal["waiting", "approved", "rejected"]
    requester: str
    note: str
    requested_at: datetime
    validator: str | None
    validation_note: str | None
    validated_at: datetime | None
    decider: str | None
    reason: str | None
    decided_at: datetime | None

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who had a hand in it."""
        return tuple(name for name in (self.requester, self.validator, self.decider) if name)

    @property
    def waits_for(self) -> str | None:
        """The role whose turn it is, or None once it is decided."""
        if self.status != "waiting":
            return None
        return "validator" if self.tier == "credit" and self.validator is None else "approver"


def request(store: Store, subject: Subject, *, who: str, note: str, at: datetime) -> Approval:
    """Asks for the release of a subject. One that already waits or is approved is returned as it is.

    Raises UsageError WB-A01 for an unknown person, WB-A02 for one who may only look.
    """
    with store.write(alone_for="approvals") as connection:
        require(user_in(connection, who), "business", "modeler", "service")
        same = (
            approvals.c.subject_kind == subject.kind,
            approvals.c.name == subject.name,
            approvals.c.version == subject.version,
        )
        newest = select(approvals).where(*same).order_by(approvals.c.id.desc()).limit(1)
        row = connection.execute(newest).one_or_none()
        if row is not None and row.status != "rejected":
            return Approval(**row._mapping)
        made = connection.execute(
            insert(approvals)
            .values(
                subject_kind=subject.kind,
                name=subject.name,
                version=subject.version,
                tier=subject.tier,
                status="waiting",
                requester=who,
                note=note,
                requested_at=at,
            )
            .returning(approvals.c.id)
        ).scalar_one()
        audit.record(
            connection,
            who=who,
            action="approval.requested",
            subject=str(subject),
            at=at,
            detail={"approval": made, "note": note},
        )
        return _get(connection, made)


def validate(store: Store, approval_id: int, *, who: str, note: str, built_by: str, at: datetime) -> Approval:
    """The validator's signature on a request of the credit tier.

    Raises UsageError WB-A02, WB-A05 (their own request or model), WB-A06 (decided already), WB-A07 (nothing to validate).
    """
    with store.write(alone_for="approvals") as connection:
        approval = _open(connection, approval_id)
        _second_person(connection, approval, who, "validator", also_not=built_by)
        if approval.tier != "credit" or approval.validator is not None:
            why = (
                f"'{approval.validator}' has already signed"
                if approval.validator
                else "it is not of the credit tier"
            )
            raise UsageError("WB-A07", f"request {approval_id} needs no validator: {why}.", "Approve it.")
        connection.execute(
            update(approvals)
            .where(approvals.c.id == approval_id)
            .values(validator=who, validation_note=note, validated_at=at)
        )
        _audit(connection, "approval.validated", approval, who, note, at)
        return _get(connection, approval_id)


def approve(
    store: Store,
    approval_id: int,
    *,
    who: str,
    reason: str,
    evidence: Mapping[str, Any],
    at: datetime,
) -> Approval:
    """The approver's yes. A model goes live in the same transaction: decision and ledger line stand or fall together.

    Raises UsageError WB-A01 (unknown person), WB-A02 (no approver), WB-A04 (service account), WB-A05 (their own
    request), WB-A06 (decided already), WB-A08 (no such request); AwaitingApproval WB-A09 while a validator's
    signature is missing.
    """
    with store.write(alone_for="approvals") as connection:
        approval = _open(connection, approval_id)
        _second_person(connection, approval, who, "approver", also_not=approval.validator)
        if approval.waits_for == "validator":
            raise AwaitingApproval(
                "WB-A09",
                f"request {approval_id} is of the credit tier: a validator signs before the approver.",
                "Ask somebody with the role validator who neither built nor requested it.",
            )
        _decide(connection, approval, "approved", who, reason, at)
        if approval.subject_kind == "model":
            why = reason or approval.note
            known = {
                "approval": approval_id,
                "requester": approval.requester,
                "validator": approval.validator,
            }
            ledger.promote(
                connection, approval.name, approval.version, Deed(who, why, {**evidence, **known}, at)
            )
        return _get(connection, approval_id)


def reject(store: Store, approval_id: int, *, who: str, reason: str, at: datetime) -> Approval:
    """An approver's or validator's no, with the reason. Raises as `approve`, and UsageError WB-A10 without a reason."""
    with store.write(alone_for="approvals") as connection:
        approval = _open(connection, approval_id)
        _second_person(connection, approval, who, "approver", "validator")
        if not reason.strip():
            raise UsageError(
                "WB-A10", "a rejection needs a reason.", "Say what must change before it can be released."
            )
        _decide(connection, approval, "rejected", who, reason, at)
        return _get(connection, approval_id)


def get(store: Store, approval_id: int) -> Approval:
    """One request. Raises UsageError WB-A08 for a number that no request has."""
    with store.read() as connection:
        return _get(connection, approval_id)


def list_approvals(store: Store, *, status: str | None = None) -> list[Approval]:
    """Requests, the newest first; all, or those of one status."""
    query = select(approvals).order_by(approvals.c.id.desc())
    if status is not None:
        query = query.where(approvals.c.status == status)
    with store.read() as connection:
        return [Approval(**row._mapping) for row in connection.execute(query)]


def of_subject(store: Store, kind: SubjectKind, name: str, version: int) -> Approval | None:
    """The newest request for this subject, or None."""
    query = (
        select(approvals)
        .where(approvals.c.subject_kind == kind, approvals.c.name == name, approvals.c.version == version)
        .order_by(approvals.c.id.desc())
        .limit(1)
    )
    with store.read() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else Approval(**row._mapping)


def _get(connection: Connection, approval_id: int) -> Approval:
    row = connection.execute(select(approvals).where(approvals.c.id == approval_id)).one_or_none()
    if row is None:
        waiting = (
            connection.execute(select(approvals.c.id).where(approvals.c.status == "waiting")).scalars().all()
        )
        listed = ", ".join(str(i) for i in waiting) or "none"
        raise UsageError("WB-A08", f"no request has the number {approval_id}.", f"Waiting: {listed}.")
    return Approval(**row._mapping)


def _open(connection: Connection, approval_id: int) -> Approval:
    approval = _get(connection, approval_id)
    if approval.status != "waiting":
        raise _decided(approval)
    return approval


def _decided(approval: Approval) -> UsageError:
    return UsageError(
        "WB-A06",
        f"request {approval.id} is already {approval.status}, by '{approval.decider}'.",
        "A decision stands: make a new request to have it decided anew.",
    )


def _decide(
    connection: Connection, approval: Approval, status: str, who: str, reason: str, at: datetime
) -> None:
    changed = connection.execute(
        update(approvals)
        .where(approvals.c.id == approval.id, approvals.c.status == "waiting")
        .values(status=status, decider=who, reason=reason, decided_at=at)
    )
    if changed.rowcount != 1:
        raise _decided(_get(connection, approval.id))
    _audit(connection, f"approval.{status}", approval, who, reason, at)


def _second_person(
    connection: Connection, approval: Approval, who: str, *roles: str, also_not: str | None = None
) -> None:
    user = user_in(connection, who)
    if user.has("service"):
        raise UsageError(
            "WB-A04", f"'{who}' is a service account, and those never approve.", "A person must decide."
        )
    if who == approval.requester or who == also_not:
        part = "asked for it" if who == approval.requester else "has signed or built it"
        raise UsageError(
            "WB-A05",
            f"'{who}' cannot decide request {approval.id}: the same person {part}.",
            f"Somebody else with the role {' or '.join(roles)} must.",
        )
    require(user, *roles)


def _audit(
    connection: Connection, action: str, approval: Approval, who: str, note: str, at: datetime
) -> None:
    audit.record(
        connection,
        who=who,
        action=action,
        subject=f"{approval.subject_kind}:{approval.name}@{approval.version}",
        at=at,
        detail={"approval": approval.id, "note": note},
    )
