"""What a proof did and what it found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

Status = Literal["ok", "failed", "skipped", "warn"]
_EXAMPLES = 3
# sums over other orders of the same rows differ in their last digits
_RELATIVE, _ABSOLUTE = 1e-7, 1e-9


@dataclass(frozen=True)
class Change:
    """A column that is different although it may not be: how many rows, and one of them."""

    column: str
    row: dict[str, Any]
    cutoff: str
    before: Any
    after: Any
    rows: int = 1
    what: str = ""  # what was done to this row, where it matters: "an event exactly 30d before the cutoff"

    def sentence(self) -> str:
        key = ", ".join(f"{k} {v}" for k, v in self.row.items())
        done = f", {self.what}" if self.what else ""
        return f"{self.column}: {self.before} became {self.after} for {key} as of {self.cutoff}{done} ({self.rows:,} rows)"


@dataclass(frozen=True)
class Proof:
    """One proof: `done` says what was tried, on how much; `changes` are what must not have changed."""

    name: str
    code: str
    status: Status
    done: str
    rows: int = 0
    cutoffs: int = 0
    columns: int = 0
    changes: tuple[Change, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        mark = self.code if self.status in ("failed", "warn") else " " * len(self.code)
        told = [f"{self.status:10} {mark} {self.name}: {self.done}"]
        told += [f"{'':21}{c.sentence()}" for c in self.changes[:_EXAMPLES]]
        if len(self.changes) > _EXAMPLES:
            told.append(f"{'':21}and {len(self.changes) - _EXAMPLES} more columns")
        return told


@dataclass(frozen=True)
class ProofReport:
    """All proofs of a dataset's tasks; `ok` means that none failed."""

    dataset: str
    tasks: dict[str, tuple[Proof, ...]]

    @property
    def ok(self) -> bool:
        return not any(p.status == "failed" for proofs in self.tasks.values() for p in proofs)

    def as_dict(self) -> dict[str, Any]:
        tasks = [{"task": t, "proofs": [p.as_dict() for p in proofs]} for t, proofs in self.tasks.items()]
        return {"dataset": self.dataset, "ok": self.ok, "tasks": tasks}

    def lines(self) -> list[str]:
        """The report for a person: a line per proof, and under a failed one what changed."""
        told = []
        for task, proofs in self.tasks.items():
            bad = sum(p.status == "failed" for p in proofs)
            told.append(f"{task}: {f'{bad} of {len(proofs)} proofs FAILED' if bad else 'proven'}")
            told += [f"  {line}" for proof in proofs for line in proof.lines()]
        return told


def differences(before: pd.DataFrame, after: pd.DataFrame, cutoff: datetime, what: str = "") -> list[Change]:
    """Columns in which two answers differ, both indexed by the row's key; rows on one side only are `in the frame`."""
    changes = []
    gone = before.index.difference(after.index)
    new = after.index.difference(before.index)
    for keys, was in ((gone, True), (new, False)):
        if len(keys):
            changes.append(_change("in the frame", before.index.names, keys, cutoff, was, not was, what))
    shared = before.index.intersection(after.index)
    one, two = before.loc[shared], after.loc[shared]
    for name in before.columns:
        different = ~same(one[name], two[name])
        if different.any():
            keys = shared[different]
            first = keys[0]
            changes.append(
                _change(
                    name, before.index.names, keys, cutoff, one.loc[first, name], two.loc[first, name], what
                )
            )
    return changes


def same(one: pd.Series, two: pd.Series) -> np.ndarray:
    """Where two columns agree: missing equals missing, numbers up to their last digits."""
    both_missing = (one.isna() & two.isna()).to_numpy()
    if pd.api.types.is_numeric_dtype(one.dtype) and pd.api.types.is_numeric_dtype(two.dtype):
        left, right = (s.to_numpy(dtype="float64", na_value=np.nan) for s in (one, two))
        size = max(1.0, float(np.nanmax(np.abs(left), initial=0.0)))
        return both_missing | np.isclose(left, right, rtol=_RELATIVE, atol=_ABSOLUTE * size)
    return both_missing | (one.astype(object).to_numpy() == two.astype(object).to_numpy())


def together(changes: list[Change]) -> tuple[Change, ...]:
    """One change per column: the first example, with all rows counted."""
    merged: dict[str, Change] = {}
    for change in changes:
        known = merged.get(change.column)
        merged[change.column] = change if known is None else replace(known, rows=known.rows + change.rows)
    return tuple(merged.values())


def _change(
    column: str, names: Any, keys: pd.Index, cutoff: datetime, before: Any, after: Any, what: str
) -> Change:
    first = keys[0] if isinstance(keys[0], tuple) else (keys[0],)
    row = {str(n): plain(v) for n, v in zip(names, first, strict=True)}
    return Change(column, row, f"{pd.Timestamp(cutoff)}", plain(before), plain(after), len(keys), what)


def plain(value: Any) -> Any:
    """A value that JSON and a reader understand."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, bool | int | float | str) else str(value)
