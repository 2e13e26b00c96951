"""A list leaves the house: after approval, as a file with a manifest that accounts for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.config import Home
from workbench.errors import AwaitingApproval, UsageError, did_you_mean
from workbench.files import sha256, whole_file, write_json
from workbench.scoring.batch import write_scored
from workbench.store import approvals, open_store
from workbench.store.approvals import Approval
from workbench.store.audiences import note_export
from workbench.store.database import Store
from workbench.store.people import any_practice, find_user, require
from workbench.store.versions import get_version
from workbench.targeting.audience import AudienceRecord, find_audience
from workbench.targeting.experiment import CONTACT

FORMATS = ("csv", "xlsx", "parquet")
PRACTICE = "PRACTICE"
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?\d+([.,]\d+)?$")


@dataclass(frozen=True)
class ExportRecord:
    """A file that left, and its manifest."""

    file: Path
    manifest_file: Path
    manifest: dict[str, Any]

    @property
    def rows(self) -> int:
        return int(self.manifest["rows"])

    def as_dict(self) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "manifest_file": str(self.manifest_file),
            "manifest": self.manifest,
        }


def export_list(
    home: Home, audience: str, *, out: Path, who: str, at: datetime, file_format: str | None = None
) -> ExportRecord:
    """Writes the customers to contact to `out`, and `<file>.manifest.json` beside it.

    `out` is a file (.csv, .xlsx, .parquet) or a folder, in which the file is named after the list. The held-out are
    not in the file. Customer numbers are text; text that a spreadsheet would take for a formula begins with an apostrophe
    in CSV. Where a practice persona had a hand in it, file name, a column `mark` and manifest say PRACTICE.
    Raises AwaitingApproval WB-A20 before approval, UsageError WB-A22 (format), WB-A01/WB-A02 (who), WB-P33 (Excel's
    rows), DataError WB-A21 (the frozen list was changed).
    """
    store = open_store(home)
    require(find_user(store, who), "business", "modeler", "approver", "service")
    record = find_audience(home, audience)
    approval = approvals.of_subject(store, "list", record.name, record.version)
    if approval is None or approval.status != "approved":
        raise _not_yet(record, approval)
    practice = _is_practice(store, record, approval, who)
    target = _target(record, out, file_format, practice=practice)
    contacts = _contacts(record, practice=practice)
    _write(contacts, target)
    manifest = {
        **record.manifest,
        "file": target.name,
        "rows": len(contacts),
        "columns": [str(c) for c in contacts.columns],
        "sha256": sha256(target),
        "approval": approval.id,
        "requested_by": approval.requester,
        "requested_at": approval.requested_at.isoformat(),
        "approved_by": approval.decider,
        "approved_at": approval.decided_at.isoformat() if approval.decided_at else None,
        "exported_by": who,
        "exported_at": at.isoformat(),
        "mark": PRACTICE if practice else "",
    }
    manifest_file = target.with_name(f"{target.name}.manifest.json")
    write_json(manifest_file, manifest)
    note_export(
        store,
        {
            "name": record.name,
            "version": record.version,
            "approval_id": approval.id,
            "file": str(target),
            "rows": len(contacts),
            "sha256": manifest["sha256"],
            "practice": practice,
            "who": who,
            "at": at,
        },
    )
    return ExportRecord(target, manifest_file, manifest)


def _not_yet(record: AudienceRecord, approval: Approval | None) -> AwaitingApproval:
    if approval is None:
        state, hint = "nobody has asked for its release", "Send it for approval first."
    elif approval.status == "waiting":
        state = f"request {approval.id} waits for an approver"
        hint = f"Somebody other than '{approval.requester}' must approve it."
    else:
        state = f"request {approval.id} was rejected by '{approval.decider}': {approval.reason}"
        hint = "Mend the list and ask again."
    return AwaitingApproval("WB-A20", f"list {record.id} may not leave: {state}.", hint)


def _is_practice(store: Store, record: AudienceRecord, approval: Approval, who: str) -> bool:
    """Whether a practice persona built, asked, approved or exported it, or trained or released its model."""
    people = {*approval.people, record.built_by, who}
    name, version = record.manifest["model"], record.manifest["model_version"]
    trained = get_version(store, name, version)
    released = approvals.of_subject(store, "model", name, version)
    people |= {trained.trained_by} if trained is not None else set()
    people |= set(released.people) if released is not None else set()
    with store.read() as connection:
        return any_practice(connection, people)


def _target(record: AudienceRecord, out: Path, file_format: str | None, *, practice: bool) -> Path:
    if file_format is not None and file_format not in FORMATS:
        raise UsageError(
            "WB-A22", f"lists do not come as '{file_format}'.", did_you_mean(file_format, FORMATS)
        )
    ending = out.suffix.lower().lstrip(".")
    if out.is_dir() or not ending:
        target = out / f"{record.name}-v{record.version}.{file_format or 'csv'}"
    elif ending in FORMATS and file_format in (None, ending):
        target = out
    else:
        raise UsageError(
            "WB-A22",
            f"'{out.name}' does not fit a list as {file_format or ending}.",
            f"Known: {', '.join(FORMATS)}.",
        )
    if practice and PRACTICE not in target.name:
        target = target.with_name(f"{target.stem}.{PRACTICE}{target.suffix}")
    return target


def _contacts(record: AudienceRecord, *, practice: bool) -> pd.DataFrame:
    members = record.members()
    contacts = members[members["arm"] == CONTACT].drop(columns="arm").reset_index(drop=True)
    if practice:
        contacts["mark"] = PRACTICE
    return contacts


def _write(contacts: pd.DataFrame, target: Path) -> None:
    if target.suffix.lower() != ".csv":
        write_scored(contacts, target)
        return
    safe = contacts.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column].dtype):
            safe[column] = safe[column].map(spreadsheet_safe)
    safe.columns = [spreadsheet_safe(str(c)) for c in safe.columns]
    with whole_file(target) as part:
        # with a byte-order mark, without which Excel shows Chinese as noise
        safe.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")


def spreadsheet_safe(value: object) -> object:
    """The value; a text that a spreadsheet would run as a formula gets an apostrophe in front, a number does not.

    >>> spreadsheet_safe("=1+1"), spreadsheet_safe("-17.5"), spreadsheet_safe("+8613800138000")
    ("'=1+1", '-17.5', '+8613800138000')
    """
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.match(value):
        return f"'{value}"
    return value
