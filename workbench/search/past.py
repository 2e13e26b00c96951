"""What past searches found out, and the order of candidates that this suggests for a new table.

A line per search: what its table was like, and how far each candidate stayed behind the best. A new table's candidates are
ordered by what they were worth on the tables most like it; a family's best still comes before any family's second.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from workbench.search.learners import LEARNERS, Config

_NEAR = 0.7  # distance at which a past table counts for 60% of one that is alike in all
_OWN_ORDER = 1.0  # tables' worth of trust in the shipped order
_WORST = 0.1  # of the base rate's log-loss: being further behind than this tells nothing more
_BORROWED = 3  # candidates that local search found on near tables and that come along
_LIKE = 1.0  # the distance up to which a table lends them
_MOST_TASKS = 500  # of a long history the newest


@dataclass(frozen=True)
class TableFacts:
    """What makes two tables alike to a search."""

    rows: int
    columns: int
    category_share: float  # of the columns
    event_share: float  # of the rows

    def distance(self, other: TableFacts) -> float:
        """0 for the same; 1 for ten times the rows, or thirty times the columns, or half of the columns of another kind, or
        events ten times rarer."""
        parts = (
            np.log10(self.rows / other.rows),
            np.log(self.columns / other.columns) / np.log(30),
            2 * (self.category_share - other.category_share),
            (_logit(self.event_share) - _logit(other.event_share)) / np.log(10),
        )
        return float(np.sqrt(np.sum(np.square(parts))))


@dataclass(frozen=True)
class PastSearch:
    """`behind` holds (candidate, its log-loss less the best candidate's, in parts of the base rate's log-loss); `blended`
    the ids of those in the blend."""

    facts: TableFacts
    behind: tuple[tuple[Config, float], ...]
    blended: frozenset[str] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        found = [
            {**config.to_dict(), "behind": round(behind, 6), "blended": config.id in self.blended}
            for config, behind in self.behind
        ]
        return {"table": asdict(self.facts), "candidates": found}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> PastSearch:
        """Raises KeyError, TypeError or ValueError for what is no such line. Families not known here are left out."""
        facts = TableFacts(**stored["table"])
        if facts.rows < 1 or facts.columns < 1 or not 0 < facts.event_share < 1:
            raise ValueError("no table is like that")
        known = [c for c in stored["candidates"] if c["family"] in LEARNERS]
        behind = tuple((Config.from_dict(c), float(c["behind"])) for c in known)
        blended = frozenset(config.id for (config, _), c in zip(behind, known, strict=True) if c["blended"])
        return cls(facts, behind, blended)


class Past:
    """The searches that a new one may learn from: those that come with the program, and this house's own."""

    def __init__(self, searches: Sequence[PastSearch], *, problems: Sequence[str] = ()) -> None:
        self.searches = tuple(searches)
        self.problems = tuple(problems)

    @classmethod
    def shipped(cls) -> Past:
        text = (resources.files("workbench.search") / "past.jsonl").read_text(encoding="utf-8")
        return cls([PastSearch.from_dict(json.loads(line)) for line in text.splitlines()])

    def with_history(self, path: Path) -> Past:
        """Also the searches written there; lines that cannot be read are passed over and named in `problems`."""
        if not path.exists():
            return self
        found, problems = [], []
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            try:
                found.append(PastSearch.from_dict(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                problems.append(f"{path.name}, line {number}: passed over ({type(error).__name__}: {error}).")
        return Past([*self.searches, *found[-_MOST_TASKS:]], problems=[*self.problems, *problems])

    def order(self, portfolio: Sequence[Config], facts: TableFacts) -> list[Config]:
        """The portfolio and what near tables lend, the most promising first, every family's first before any second."""
        candidates = [*portfolio, *self._borrowed(portfolio, facts)]
        worth = {c.id: self._behind(c, i, len(candidates), facts) for i, c in enumerate(candidates)}
        ranked = sorted(candidates, key=lambda c: worth[c.id])
        firsts = {c.family: c for c in reversed(ranked)}
        return [c for c in ranked if firsts[c.family] is c] + [c for c in ranked if firsts[c.family] is not c]

    def _behind(self, config: Config, place: int, places: int, facts: TableFacts) -> float:
        """How far the candidate is expected to be behind: past tables by their nearness, and its place in the list."""
        total, weight = _OWN_ORDER * 0.5 * _WORST * place / places, _OWN_ORDER
        for search in self.searches:
            for tried, behind in search.behind:
                if tried.id == config.id:
                    near = _nearness(facts, search.facts)
                    useful = 0.0 if config.id in search.blended else min(behind, _WORST)
                    total, weight = total + near * useful, weight + near
        return total / weight

    def _borrowed(self, portfolio: Sequence[Config], facts: TableFacts) -> list[Config]:
        known = {c.id for c in portfolio}
        lent: dict[str, Config] = {}
        for search in sorted(self.searches, key=lambda s: facts.distance(s.facts)):
            if facts.distance(search.facts) > _LIKE:
                break
            for config, _ in sorted(search.behind, key=lambda b: b[1]):
                if config.id in search.blended and config.id not in known and len(lent) < _BORROWED:
                    lent[config.id] = config
        return list(lent.values())


def remember(path: Path, search: PastSearch) -> None:
    """Adds one line to the history; a crash leaves at most half a line, which readers pass over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(search.to_dict(), sort_keys=True, allow_nan=False).encode() + b"\n"
    with path.open("a+b") as stream:
        if stream.seek(0, os.SEEK_END):
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write(line)
        stream.flush()
        os.fsync(stream.fileno())


def _nearness(a: TableFacts, b: TableFacts) -> float:
    return float(np.exp(-0.5 * (a.distance(b) / _NEAR) ** 2))


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))
