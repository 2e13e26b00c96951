"""Asking for release, and deciding: a model goes live, a list may leave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workbench.config import Home
from workbench.files import read_json
from workbench.registry.mirror import sync_aliases
from workbench.registry.models import resolve
from workbench.store import approvals, open_store
from workbench.store import versions as version_rows
from workbench.store.approvals import Approval, Subject, SubjectKind, Tier
from workbench.targeting.audience import find_audience


def request(
    home: Home, subject_kind: SubjectKind, subject: str, *, who: str, note: str = "", at: datetime
) -> Approval:
    """Asks for the release of a model (`NAME`, its newest version, or `NAME@3`) or of a list (`NAME`, `NAME@3`).

    Asking again while it waits, or once it is approved, gives the same request. A risk model is of the credit tier.
    Raises UsageError WB-R01 to WB-R03, WB-A11, WB-A12 (what), WB-A01, WB-A02 (who).
    """
    store = open_store(home)
    if subject_kind == "list":
        found = find_audience(home, subject)
        made = read_json(
            resolve(home, f"{found.manifest['model']}@{found.manifest['model_version']}").artefact
            / "facts.json"
        )
        asked = Subject("list", found.name, found.version, _tier(made), found.built_by)
        if not found.manifest.get("model_is_champion", True):
            note = f"{note} (Its model, {found.manifest['model']} version {found.manifest['model_version']}, is not live.)".strip()
    else:
        ref = resolve(home, subject)
        if "@" not in subject:  # whoever publishes a model means the one just trained
            ref = resolve(home, f"{ref.name}@{version_rows.list_versions(store, ref.name)[-1].version}")
        facts = read_json(ref.artefact / "facts.json")
        asked = Subject("model", ref.name, ref.version, _tier(facts), facts.get("trained_by", ""))
    return approvals.request(store, asked, who=who, note=note, at=at)


def _tier(facts: Mapping[str, Any]) -> Tier:
    """A risk model, and a list that was cut by one, is of the credit tier: a validator signs first."""
    return "credit" if facts["kind"] == "risk" else "marketing"


def validate(home: Home, approval_id: int, *, who: str, note: str, at: datetime) -> Approval:
    """The validator's signature that a model of the credit tier needs before it can be approved."""
    store = open_store(home)
    approval = approvals.get(store, approval_id)
    row = version_rows.get_version(store, approval.name, approval.version)
    built_by = row.trained_by if row is not None and approval.subject_kind == "model" else ""
    return approvals.validate(store, approval_id, who=who, note=note, built_by=built_by, at=at)


def approve(home: Home, approval_id: int, *, who: str, reason: str = "", at: datetime) -> Approval:
    """The second person's yes. A model becomes champion, in the ledger and then in MLflow; a list may be exported.

    Raises what `store.approvals.approve` raises; MLflow being away changes nothing but its aliases, which follow later.
    """
    store = open_store(home)
    asked = approvals.get(store, approval_id)
    evidence = {}
    if asked.subject_kind == "model":
        facts = read_json(resolve(home, f"{asked.name}@{asked.version}").artefact / "facts.json")
        evidence = {"metrics": facts["metrics"], "fingerprint": facts["fingerprint"]}
    decided = approvals.approve(store, approval_id, who=who, reason=reason, evidence=evidence, at=at)
    if decided.subject_kind == "model":
        sync_aliases(home, decided.name)
    return decided


def reject(home: Home, approval_id: int, *, who: str, reason: str, at: datetime) -> Approval:
    """The second person's no, with the reason; nothing goes live, nothing leaves."""
    decided = approvals.reject(open_store(home), approval_id, who=who, reason=reason, at=at)
    if decided.subject_kind == "model":
        sync_aliases(home, decided.name)
    return decided


def get_approval(home: Home, approval_id: int) -> Approval:
    """One request. Raises UsageError WB-A08 for a number that no request has."""
    return approvals.get(open_store(home), approval_id)


def list_approvals(home: Home, *, status: str | None = None) -> list[Approval]:
    """Requests, the newest first; all, or those `waiting`, `approved` or `rejected`."""
    return approvals.list_approvals(open_store(home), status=status)
