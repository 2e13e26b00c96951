"""Measurements to Markdown: ratios first, and figures that were missed are written as missed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import date


@dataclass(frozen=True)
class Figure:
    """One promise. `met` is None where it could not be measured, and `measured` then says why."""

    what: str
    measured: str
    aim: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return {True: "met", False: "MISSED", None: "not measured"}[self.met]


@dataclass
class Report:
    """What one run found, in the order in which it was found."""

    command: str
    settings: dict
    figures: list[Figure] = field(default_factory=list)
    sections: list[tuple[str, str, list[tuple]]] = field(default_factory=list)
    measurements: dict = field(default_factory=dict)

    def section(self, title: str, said: str, table: list[tuple]) -> None:
        """A heading, a sentence and a table whose first row is its header."""
        self.sections.append((title, said, table))

    def as_dict(self) -> dict:
        return {
            "date": str(date.today()),
            "command": self.command,
            "settings": self.settings,
            "versions": versions(),
            "figures": [asdict(f) | {"verdict": f.verdict} for f in self.figures],
            "measurements": self.measurements,
        }

    def markdown(self) -> str:
        named = ", ".join(f"{name} {version}" for name, version in versions().items())
        lines = [
            "# The feature engine",
            "",
            f"{date.today()}, {os.cpu_count()} cores; {named}. Command: `{self.command}`; "
            + ", ".join(f"{name} {value}" for name, value in self.settings.items())
            + ".",
            "",
            *_table(
                [
                    ("figure", "measured", "aim", ""),
                    *((f.what, f.measured, f.aim, f.verdict) for f in self.figures),
                ]
            ),
        ]
        for title, said, table in self.sections:
            lines += ["", f"## {title}", "", said, "", *_table(table)]
        return "\n".join(lines) + "\n"


def versions() -> dict[str, str]:
    packages = ("duckdb", "sqlglot", "pandas", "numpy", "pyarrow")
    return {"Python": platform.python_version()} | {p: importlib.metadata.version(p) for p in packages}


def _table(rows: list[tuple]) -> list[str]:
    head, *body = rows
    return ["| " + " | ".join(str(c) for c in row) + " |" for row in (head, ("---",) * len(head), *body)]
