"""What was understood of a column, shown before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from workbench.tables import yes_no
from workbench.tables.kernels import pc
from workbench.tables.types import Reading, Values, as_text, is_textual
from workbench.tables.widths import halfwidth

Held = Literal["text", "number", "date", "truth value"]

YES_NO = "yes/no"  # the form of words such as 是 and 否: they stay text, and are understood

_SHOWN = 3
_LOOKED_AT = 2000  # rows at the beginning, from which examples are taken first
_LONGEST = 60  # signs of an example


@dataclass(frozen=True)
class Example:
    """One cell as the source writes it and as the workbench holds it (None: it became missing)."""

    before: str
    after: str | float | int | bool | None


@dataclass(frozen=True)
class ColumnRead:
    """A column's type, the form it was written in ("thousands", "units", "yes/no", "%Y-%m-%d", ...), and examples.

    `changed` says that some cell reads differently from how it was written; `unreadable` counts the cells that became
    missing because they could not be read.
    """

    name: str
    type: Held
    form: str = ""
    examples: tuple[Example, ...] = ()
    unreadable: int = 0
    changed: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"examples": [asdict(e) for e in self.examples]}

    def line(self) -> str:
        """The column for a person: `amount: '3.5万' -> 35000.0`."""
        shown = ", ".join(
            f"'{e.before}' -> {'missing' if e.after is None else e.after}" for e in self.examples
        )
        lost = f" ({self.unreadable:,} unreadable)" if self.unreadable else ""
        return f"{self.name}: {shown}{lost}"

    def without_examples(self) -> ColumnRead:
        """The same for a column whose values not everybody may see."""
        return ColumnRead(self.name, self.type, self.form, (), self.unreadable, self.changed)


def column_read(name: str, source: pd.Series, reading: Reading, values: Values) -> ColumnRead:
    """What became of a column's cells; cheap, since only its beginning is looked at unless that shows nothing."""
    held = _held(reading)
    if not is_textual(source):
        return ColumnRead(name, held, reading.form, unreadable=values.unreadable)
    head = _examples(source.head(_LOOKED_AT), values.series.head(_LOOKED_AT))
    words = _yes_and_no(source) if held == "text" else []
    if words:
        return ColumnRead(name, held, YES_NO, tuple(words), changed=True)
    told = [e for e in head if _differs(e) and (held != "text" or halfwidth(e.before) == e.after)]
    if held == "number" and not (told or values.plain or reading.form == "boolean"):
        told = _later(source, values)
    lost = [Example(w[:_LONGEST], None) for w in values.words[: max(1, _SHOWN - len(told))]]
    changed = bool(told or lost)
    shown = (*told[: _SHOWN - len(lost)], *lost) if changed else tuple(head[:_SHOWN])
    return ColumnRead(name, held, reading.form, tuple(shown), values.unreadable, changed)


def stated_column(name: str, sql_type: str) -> ColumnRead:
    """A column of a source that states its types, such as Parquet: nothing was changed."""
    upper = sql_type.upper()
    if upper.startswith(("TIMESTAMP", "DATE")):
        return ColumnRead(name, "date")
    if upper.startswith("BOOL"):
        return ColumnRead(name, "truth value")
    whole = (
        "BIGINT",
        "INT",
        "SMALLINT",
        "TINYINT",
        "HUGEINT",
        "U",
        "DOUBLE",
        "FLOAT",
        "REAL",
        "DECIMAL",
        "NUMERIC",
    )
    return ColumnRead(name, "number" if upper.startswith(whole) and upper != "UUID" else "text")


def _held(reading: Reading) -> Held:
    if reading.form == "boolean":
        return "truth value"
    if reading.type == "number":
        return "number"
    return "date" if reading.type == "date" else "text"


def _examples(source: pd.Series, read: pd.Series) -> list[Example]:
    """One example of each different cell, in their order; blank cells are none."""
    found: dict[str, Example] = {}
    for before, after in zip(source.tolist(), read.tolist(), strict=True):
        text = "" if before is None or before != before else str(before).strip()
        if text and text not in found:
            found[text] = Example(text[:_LONGEST], _shown(after))
    return list(found.values())


def _yes_and_no(source: pd.Series) -> list[Example]:
    """Examples of a column of words for yes and no; none for another column."""
    if not yes_no.known(as_text(source.head(_LOOKED_AT))):
        return []
    text = as_text(source)
    if not yes_no.of_words(text):
        return []
    different = pc.unique(text.drop_null()).to_pylist()
    said = [(w, yes_no.number_of(w)) for w in different]
    firsts = [next(w for w, n in said if n == wanted) for wanted in (1, 0)]
    shown = [*firsts, *(w for w in different if w not in firsts)][:_SHOWN]
    return [Example(w, "1 (yes)" if yes_no.number_of(w) else "0 (no)") for w in shown]


def _shown(value: Any) -> str | float | int | bool | None:
    if value is None or value is pd.NaT or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return value if isinstance(value, bool | int | float) else str(value)[:_LONGEST]


def _differs(example: Example) -> bool:
    """Whether a reader would see another value: 1.50 and 1.5 are the same, 3.5万 and 35000 are not."""
    if example.after is None:
        return False  # counted as unreadable, or a word for "nothing here"
    if isinstance(example.after, str):
        return example.before != example.after
    try:
        return float(example.before) != float(example.after) or not example.before.isascii()
    except ValueError:
        return str(example.after).casefold() != example.before.casefold()


def _later(source: pd.Series, values: Values) -> list[Example]:
    """Cells further down that are written otherwise, though the beginning is plain."""
    odd = pc.fill_null(pc.invert(pc.match_substring_regex(as_text(source), r"^[+\-]?[\d.]+$")), False)
    places = pc.indices_nonzero(odd).to_numpy()[:_LOOKED_AT]
    return [e for e in _examples(source.iloc[places], values.series.iloc[places]) if _differs(e)]


def changed_lines(columns: Iterable[ColumnRead]) -> list[str]:
    """One line for each column of which some cell reads differently from how it was written."""
    return [c.line() for c in columns if c.changed and c.examples]
