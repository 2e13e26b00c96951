"""Asking for release and deciding, for models and for lists."""

from __future__ import annotations

import builtins
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from workbench.config import Home
from workbench.errors import GateFailed, UsageError, did_you_mean
from workbench.files import read_json
from workbench.registry import models as registry
from workbench.service.people import People
from workbench.store.approvals import Approval
from workbench.targeting import approval as approvals
from workbench.targeting.audience import list_audiences


@dataclass(frozen=True)
class Release:
    """A request for release as shells show it: a number that can be approved, what it is about, where it stands."""

    approval: Approval

    @property
    def id(self) -> str:
        return str(self.approval.id)

    @property
    def subject(self) -> str:
        return f"{self.approval.name}@{self.approval.version}"

    @property
    def status(self) -> str:
        return self.approval.status

    def as_dict(self) -> dict[str, Any]:
        told = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self.approval).items()}
        return {**told, "id": self.id, "subject": self.subject, "waits_for": self.approval.waits_for}


@dataclass(frozen=True)
class Approvals:
    """The release requests of this home. A requester is never the approver."""

    home: Home

    def request(self, what: str, *, user: str, note: str = "") -> Release:
        """Asks for the release of a model (`NAME`, its newest version, `NAME@3`) or of a list (`NAME@1`, `list:NAME@1`).

        Raises GateFailed WB-R30 for a model whose training said that a column gives the outcome away.
        """
        People(self.home).require(user, "business", "modeler", "service")
        kind, subject = self._kind_of(what)
        if kind == "model":
            self._gate(subject)
        return Release(approvals.request(self.home, kind, subject, who=user, note=note, at=datetime.now(UTC)))

    def validate(self, request_id: str, *, user: str, note: str = "") -> Release:
        """The validator's signature that a credit model needs first."""
        People(self.home).get(user)
        return Release(
            approvals.validate(self.home, number(request_id), who=user, note=note, at=datetime.now(UTC))
        )

    def approve(self, request_id: str, *, user: str, reason: str = "") -> Release:
        """The second person's yes. A validator's approval of a credit model is their signature; an approver then releases it."""
        person = People(self.home).get(user)
        waiting = approvals.get_approval(self.home, number(request_id))
        if waiting.waits_for == "validator" and person.has("validator"):
            return self.validate(request_id, user=user, note=reason)
        return Release(
            approvals.approve(self.home, waiting.id, who=user, reason=reason, at=datetime.now(UTC))
        )

    def reject(self, request_id: str, *, user: str, reason: str) -> Release:
        People(self.home).get(user)
        return Release(
            approvals.reject(self.home, number(request_id), who=user, reason=reason, at=datetime.now(UTC))
        )

    def get(self, request_id: str) -> Release:
        return Release(approvals.get_approval(self.home, number(request_id)))

    def list(self, *, status: str | None = None) -> builtins.list[Release]:
        """Requests, the newest first."""
        return [Release(found) for found in approvals.list_approvals(self.home, status=status)]

    def pending(self, user: str | None = None) -> builtins.list[Release]:
        """What waits for a decision; with a user, only what this person may decide."""
        waiting = self.list(status="waiting")
        if user is None:
            return waiting
        person = People(self.home).get(user)
        return [
            release
            for release in waiting
            if person.has(str(release.approval.waits_for)) and person.name not in release.approval.people
        ]

    def _kind_of(self, what: str) -> tuple[Any, str]:
        if what.startswith("list:"):
            return "list", what.removeprefix("list:")
        if what.startswith("model:"):
            return "model", what.removeprefix("model:")
        name = what.partition("@")[0].replace("/", ".")
        models, lists = registry.names(self.home), {found.name for found in list_audiences(self.home)}
        if name in lists and name in models:
            raise UsageError(
                "WB-A30", f"'{name}' is both a model and a list.", hint=f"Write model:{what} or list:{what}."
            )
        if name in lists:
            return "list", what
        if name not in models:
            known = [*models, *sorted(lists)]
            raise UsageError(
                "WB-R01", f"no model or list is called '{what}'.", hint=did_you_mean(name, known)
            )
        return "model", what

    def _gate(self, subject: str) -> None:
        name, _, _version = subject.partition("@")
        rows = registry.versions(self.home, name.replace("/", "."))
        ref = registry.resolve(self.home, subject if _version else f"{name}@{rows[-1].version}")
        stops = read_json(ref.report / "summary.json").get("stops", [])
        if stops:
            raise GateFailed(
                "WB-R30",
                f"{ref} cannot go live: {stops[0]}",
                hint="Train again without that column (--known-after-event COLUMN), or vouch for it (--known-before COLUMN).",
            )


def number(request_id: str) -> int:
    """The number of a request. Raises UsageError WB-A08 for what is no number."""
    if not str(request_id).isdigit():
        raise UsageError(
            "WB-A08",
            f"'{request_id}' is not a request's number.",
            hint="publish prints it; the app lists them.",
        )
    return int(request_id)
