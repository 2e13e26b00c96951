"""The spans before the cutoff over which a feature looks: `30d`, `3mo`, `30d..60d`, `all`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.tables.durations import Duration


def edge(duration: Duration) -> str:
    """The column that holds the moment which lies this span before a row's cutoff: `30d before`."""
    return f"{duration} before"


@dataclass(frozen=True)
class Window:
    """Half-open: `30d` holds events at or after cutoff - 30 days and before the cutoff; `30d..60d` those at or
    after cutoff - 60 days and before cutoff - 30 days; `all` everything before the cutoff.

    >>> Window.parse("30d..60d").phrase("en")
    'from 60 to 30 days before'
    """

    far: Duration | None = None
    near: Duration | None = None

    @classmethod
    def parse(cls, text: object, where: str = "a window") -> Window:
        """From the definition's spelling. Raises WB-F04 for anything else."""
        written = str(text).strip()
        if written == "all":
            return cls()
        near, dots, far = written.partition("..")
        try:
            window = cls(Duration.parse(far), Duration.parse(near)) if dots else cls(Duration.parse(written))
        except DefinitionError as error:
            raise DefinitionError(
                "WB-F04",
                f"{where}: {written!r} is not a window.",
                "Allowed: 30d, 3mo, 30d..60d (from 60 to 30 days before) or all.",
            ) from error
        if window.far is not None and (
            window.far.count == 0 or (window.near is not None and window.near.days >= window.far.days)
        ):
            raise DefinitionError(
                "WB-F04",
                f"{where}: the window {written!r} is empty.",
                "Write the nearer end first: 30d..60d.",
            )
        return window

    def condition(self, at: exp.Expr, edge_of: Callable[[Duration], exp.Expr]) -> exp.Expr | None:
        """True for the events inside; None for `all`. That an event is known before the cutoff is asked elsewhere.

        `edge_of` gives the moment that lies a span before the row's cutoff."""
        parts: list[exp.Expr] = []
        if self.far is not None:
            parts.append(exp.GTE(this=at.copy(), expression=edge_of(self.far)))
        if self.near is not None:
            parts.append(exp.LT(this=at.copy(), expression=edge_of(self.near)))
        return exp.and_(*parts) if parts else None

    def phrase(self, language: str) -> str:
        """`in the last 30 days`, `from 60 to 30 days before`, `so far`; 近30天, 前60至30天, 迄今."""
        if self.far is None:
            return "迄今" if language == "zh" else "so far"
        if self.near is None:
            return (
                f"近{self.far.phrase('zh')}" if language == "zh" else f"in the last {self.far.phrase('en')}"
            )
        if language == "zh":
            return f"前{self.far.phrase('zh')}至{self.near.phrase('zh')}"
        if self.far.unit == self.near.unit:
            return f"from {self.far.count} to {self.near.phrase('en')} before"
        return f"from {self.far.phrase('en')} to {self.near.phrase('en')} before"

    def length_phrase(self, language: str) -> str:
        """What `{window}` in a `say:` becomes: `30 days`, `30 to 60 days`, `whole history`."""
        if self.far is None:
            return "全部历史" if language == "zh" else "whole history"
        if self.near is None:
            return self.far.phrase(language)
        return (
            f"{self.near}-{self.far}"
            if self.near.unit != self.far.unit
            else f"{self.near.count}-{self.far.phrase(language)}"
        )

    def __str__(self) -> str:
        if self.far is None:
            return "all"
        return f"{self.near}..{self.far}" if self.near is not None else str(self.far)
