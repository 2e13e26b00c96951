"""Finding models: names, versions, which one is live, and loading one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workbench.config import Home
from workbench.errors import UsageError, did_you_mean
from workbench.registry.artefact import Artefact
from workbench.store import ledger, open_store
from workbench.store import versions as version_rows
from workbench.store.ledger import LedgerLine
from workbench.store.versions import ModelVersion

FORBIDDEN_IN_NAMES = r"[/\\:@\x00-\x1f%\"']"
ALIASES = ("champion", "challenger", "previous")


@dataclass(frozen=True)
class ModelRef:
    """One version of one model, and its folder: `artefact/` in it is the model, `report/` its tables."""

    name: str
    version: int
    folder: Path

    @property
    def artefact(self) -> Path:
        return self.folder / "artefact"

    @property
    def report(self) -> Path:
        return self.folder / "report"

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


def check_name(name: str) -> str:
    """The name, if it can name a folder and an MLflow model. Raises UsageError WB-R05 otherwise."""
    if not name or len(name) > 150 or name.startswith(".") or re.search(FORBIDDEN_IN_NAMES, name):
        raise UsageError(
            "WB-R05",
            f"a model cannot be called {name!r}.",
            "Use 1 to 150 characters without / \\ : @ % and quotes, the first of them no dot.",
        )
    return name


def resolve(home: Home, text: str) -> ModelRef:
    """The version that `NAME`, `NAME@3`, `NAME@champion`, `NAME@previous` or `NAME@challenger` means.

    A bare name is the champion, or the newest version while there is none. `dataset/label` may stand for the name.
    Raises UsageError WB-R01 (unknown name, with a did-you-mean), WB-R02 (unknown version), WB-R03 (unknown alias),
    WB-R06 (an alias that points nowhere yet).
    """
    written, at, which = text.partition("@")
    name = written.replace("/", ".")
    store = open_store(home)
    numbers = [row.version for row in version_rows.list_versions(store, name)]
    if not numbers:
        raise UsageError(
            "WB-R01", f"no model is called '{written}'.", did_you_mean(name, version_rows.names(store))
        )
    if not at:
        version: int | None = champion(home, name) or numbers[-1]
    elif which.isascii() and which.isdigit():
        version = int(which)
        if version not in numbers:
            listed = ", ".join(map(str, numbers))
            raise UsageError("WB-R02", f"'{name}' has no version {which}.", f"Known versions: {listed}.")
    elif which in ALIASES:
        version = aliases(home, name).get(which)
        if version is None:
            raise UsageError(
                "WB-R06",
                f"'{name}' has no {which} yet.",
                f"Publish a version and have it approved, or name one of {', '.join(map(str, numbers))}.",
            )
    else:
        raise UsageError(
            "WB-R03",
            f"'{which}' is neither a version of '{name}' nor an alias.",
            did_you_mean(which, (*ALIASES, *map(str, numbers))),
        )
    return _ref(home, name, version)


def load(home: Home, ref: ModelRef | str) -> Artefact:
    """The artefact of a version (or of what the text resolves to)."""
    found = resolve(home, ref) if isinstance(ref, str) else ref
    return Artefact.load(found.artefact)


def versions(home: Home, name: str | None = None) -> list[ModelVersion]:
    """The versions of one model, or of all, by name and number."""
    return version_rows.list_versions(open_store(home), name)


def names(home: Home) -> list[str]:
    """Every model's name."""
    return version_rows.names(open_store(home))


def champion(home: Home, name: str) -> int | None:
    """The live version of a model, by the ledger; None while nothing was promoted."""
    stack = ledger.live_stack(open_store(home), name)
    return stack[-1] if stack else None


def history(home: Home, name: str) -> list[LedgerLine]:
    """The ledger's lines of a model, the oldest first."""
    return ledger.history(open_store(home), name)


def aliases(home: Home, name: str) -> dict[str, int]:
    """Which version is champion, previous (what a rollback uncovers) and challenger (the newest, if not yet live)."""
    store = open_store(home)
    stack = ledger.live_stack(store, name)
    found = dict(zip(("champion", "previous"), reversed(stack), strict=False))
    rows = version_rows.list_versions(store, name)
    if rows and rows[-1].version > max(stack, default=0):
        found["challenger"] = rows[-1].version
    return found


def _ref(home: Home, name: str, version: int) -> ModelRef:
    return ModelRef(name, version, home.models / name / str(version))
