"""One thing to know about a dataset, and the report of all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import groupby
from typing import Any, Literal

from workbench.errors import WorkbenchError
from workbench.tables.check_page import label_said
from workbench.tables.column_read import changed_lines
from workbench.tables.profile import TableProfile
from workbench.text import counted

Severity = Literal["stop", "quarantine", "warn", "note"]
_GRAVEST_FIRST: tuple[Severity, ...] = ("stop", "quarantine", "warn", "note")
_ALIKE = 3  # findings of one code about one table that are told in full


@dataclass(frozen=True)
class Finding:
    """One thing to know about a dataset: `stop` (cannot be used), `quarantine` (rows set aside), `warn` (somebody should look),
    or `note` (how the source was understood)."""

    code: str
    severity: Severity
    table: str
    column: str
    message: str
    hint: str = ""
    count: int = 0

    @classmethod
    def of(cls, error: WorkbenchError, table: str = "") -> Finding:
        return cls(error.code, "stop", table, "", error.message, error.hint)


@dataclass(frozen=True)
class CheckReport:
    """Everything that a check found; `ok` means that nothing stops the dataset from being used.

    `lineage` says for each feature column what it reads; `events` compares what came with events.yaml.
    """

    dataset: str
    findings: tuple[Finding, ...]
    tables: tuple[TableProfile, ...]
    labels: tuple[dict[str, Any], ...] = ()
    n_features: int = 0
    lineage: dict[str, list[str]] = field(default_factory=dict)
    events: dict[str, Any] | None = None

    @property
    def ok(self) -> bool:
        return not any(f.severity == "stop" for f in self.findings)

    def as_dict(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "ok": self.ok,
            "tables": [t.as_dict() for t in self.tables],
            "labels": [{k: v for k, v in label.items() if k != "told"} for label in self.labels],
            "n_features": self.n_features,
            "findings": [asdict(f) for f in self.findings],
            "lineage": self.lineage,
            "events": self.events,
        }

    def lines(self) -> list[str]:
        """The report for a person: tables with their rows and period, then what was found, the gravest first."""
        told = [
            f"{self.dataset}: {'ready' if self.ok else 'NOT ready'}, {counted(self.n_features, 'feature')}"
        ]
        told += [f"  {line}" for line in (*self._of_tables(), *self._of_labels())]
        for finding, more in self._few():
            told.append(f"{finding.severity:10} {finding.code} {finding.message} {finding.hint}".rstrip())
            if more:
                told.append(
                    f"{'':10} {finding.code} and {more} more of this kind in '{finding.table}' (--json has all)"
                )
        return told

    def _of_tables(self) -> Iterator[str]:
        for table in self.tables:
            period = (
                f"  {table.first:%Y-%m-%d} to {table.last:%Y-%m-%d}" if table.first and table.last else ""
            )
            yield f"{table.name}: {counted(table.rows, 'row')}{period}"
            yield from (f"  {line}" for line in changed_lines(table.read))

    def _of_labels(self) -> Iterator[str]:
        for label in self.labels:
            yield f"{label['task']}: {'; '.join(label_said(label))}"
            yield from (f"  {line}" for line in label.get("told", ()))

    def ordered(self) -> list[Finding]:
        """The gravest first, those of one table together in the order of tables.yaml."""
        place = {t.name: i for i, t in enumerate(self.tables)}
        return sorted(
            self.findings,
            key=lambda f: (_GRAVEST_FIRST.index(f.severity), place.get(f.table, -1), f.table, f.code),
        )

    def _few(self) -> Iterator[tuple[Finding, int]]:
        """Findings to tell, and after the last of one kind how many more there are."""
        for _, group in groupby(self.ordered(), key=lambda f: (f.severity, f.table, f.code)):
            alike = list(group)
            shown = alike if len(alike) <= _ALIKE + 1 else alike[:_ALIKE]
            for finding in shown:
                yield finding, len(alike) - len(shown) if finding is shown[-1] else 0
