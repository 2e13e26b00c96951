"""Every way in which the workbench says no.

WorkbenchError                 code, message, hint, exit code
├── UsageError         exit 2   the command itself is wrong
├── DataError          exit 3   a file, table or column is not what it must be
├── DefinitionError    exit 3   a YAML definition is not what it must be
├── GateFailed         exit 4   a model did not pass its gate; nothing was promoted
├── AwaitingApproval   exit 5   a second person must decide first
├── Cancelled          exit 6   cancelled, or out of time before anything usable existed
├── DiskFull           exit 74  a disk had no room left; nothing half-written was kept
└── Locked             exit 75  another process holds the lock

A message says what, where, what is allowed; the hint says what to do next. Codes are stable and
documented in `docs/codes.md`.
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable


class WorkbenchError(Exception):
    """An error whose sentence can be shown to the person who caused it."""

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint

    def as_dict(self) -> dict[str, str]:
        """`{"code", "message", "hint"}`, the shape in which `--json` reports a failure."""
        return {"code": self.code, "message": self.message, "hint": self.hint}

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" {self.hint}" if self.hint else "")

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.code, self.message, self.hint)


class UsageError(WorkbenchError):
    exit_code = 2


class DataError(WorkbenchError):
    exit_code = 3


class DefinitionError(WorkbenchError):
    exit_code = 3


class GateFailed(WorkbenchError):
    exit_code = 4


class AwaitingApproval(WorkbenchError):
    exit_code = 5


class Cancelled(WorkbenchError):
    exit_code = 6


class DiskFull(WorkbenchError):
    exit_code = 74

    def __init__(self, code: str = "WB-X02", message: str = "", hint: str = "") -> None:
        super().__init__(
            code,
            message or "The disk is full. Nothing was registered, and nothing half-written was kept.",
            hint
            or "Free some space and give the same command again: a run goes on from what it had finished.",
        )


class Locked(WorkbenchError):
    exit_code = 75


_FULL_SAYINGS = ("no space left on device", "disk quota exceeded", "database or disk is full")


def disk_full(error: BaseException | None) -> DiskFull | None:
    """What to say if a full disk is behind an error, whichever library met it; None if it is not."""
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if number in (errno.ENOSPC, errno.EDQUOT) or any(s in str(error).lower() for s in _FULL_SAYINGS):
            return DiskFull()
        error = error.__cause__ or error.__context__
    return None


def did_you_mean(name: str, known: Iterable[str], *, shown: int = 12) -> str:
    """A sentence that names the nearest known word and lists the known ones: "Did you mean 'sum'? Known: ..."."""
    names = [str(k) for k in known]
    folded = {k.casefold(): k for k in reversed(names)}
    near = difflib.get_close_matches(str(name).casefold(), list(folded), n=1, cutoff=0.6)
    listed = ", ".join(names[:shown]) + (f", ... ({len(names)} in all)" if len(names) > shown else "")
    guess = f"Did you mean '{folded[near[0]]}'? " if near else ""
    return f"{guess}Known: {listed}." if names else f"{guess}Nothing is defined yet."
