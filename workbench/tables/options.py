"""How a table's source is to be read, where the source itself does not say: `sheet:`, `separator:`, `unpivot:`, ..."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.encoding import ENCODINGS, canonical
from workbench.tables.yaml_file import expect_known, expect_mapping, names

StatedType = Literal["text", "number", "date"]

_SPOKEN_SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "bar": "|",
    "caret": "^",
    "tilde": "~",
    "colon": ":",
    "space": " ",
    "hive": "\x01",
    "\\x01": "\x01",
    "\\001": "\x01",
    "\\u0001": "\x01",
    "^A": "\x01",
}
_LONGEST_SEPARATOR = 8
_TYPES: tuple[StatedType, ...] = ("text", "number", "date")
_UNPIVOT = ("keep", "time", "rows")


@dataclass(frozen=True)
class Unpivot:
    """A wide table told as a long one: for each moment in `rows`, which column holds which value.

    `keep` are columns that every long row repeats; None means all that are not spread. A value without a column
    for a moment is missing there. A long row whose values are all missing is left out.
    """

    time: str
    rows: dict[datetime | str, dict[str, str | None]]
    keep: tuple[str, ...] | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The names of the long table's values, in the order of the first moment."""
        return tuple(next(iter(self.rows.values())))

    @property
    def spread(self) -> tuple[str, ...]:
        """The wide table's columns that become values."""
        return tuple(c for row in self.rows.values() for c in row.values() if c is not None)


@dataclass(frozen=True)
class ReadOptions:
    """What tables.yaml says about reading a source; whatever is not said is found out from the source itself.

    `also` are further files of the same table. `header_row` is counted from 1 as an editor or Excel counts. `types`
    state what a column holds. `time_zone` is the zone in which moments are told: those written with another are
    converted to it, those without one are in it; without it, zones become UTC. `rename` gives a source's column the
    name that it has in the table: headers change from year to year.
    """

    also: tuple[str, ...] = ()
    sheet: str | None = None
    header_row: int | None = None
    separator: str | None = None
    encoding: str | None = None
    types: dict[str, StatedType] = field(default_factory=dict)
    time_zone: str | None = None
    unpivot: Unpivot | None = None
    rename: dict[str, str] = field(default_factory=dict)

    def renamed(self, columns: Iterable[str]) -> list[str]:
        """The columns of a file by the names that the table has for them."""
        return [self.rename.get(c, c) for c in columns]


NOTHING_STATED = ReadOptions()
OPTIONS = ("sheet", "header_row", "separator", "encoding", "types", "time_zone", "unpivot", "rename")


def sources_of(value: object, where: str, table: str) -> tuple[str, ...]:
    """`source:` as one or more texts; WB-T02 where there is none."""
    given = value if isinstance(value, list) else [value]
    if not given or not all(isinstance(s, str) and s.strip() for s in given):
        raise DefinitionError(
            "WB-T02",
            f"{where}: {table} has no `source:`.",
            "Name its file, its folder, or a list of files: package://..., ${WORKBENCH_DATA}/... or relative to tables.yaml.",
        )
    twice = next((s for i, s in enumerate(given) if s in given[:i]), None)
    if twice is not None:
        raise DefinitionError(
            "WB-T02",
            f"{where}: the source {twice} of {table} is named twice; its rows would count twice.",
            "Name it once.",
        )
    return tuple(given)


def options_of(settings: dict[str, Any], where: str, *, also: tuple[str, ...] = ()) -> ReadOptions:
    """The reading options among a table's settings. Raises WB-T02 for one that cannot be."""
    sheet = settings.get("sheet")
    if sheet is not None and (isinstance(sheet, bool) or not isinstance(sheet, str | int)):
        raise _bad(where, "sheet", sheet, "Write the sheet's name.")
    header_row = settings.get("header_row")
    if header_row is not None and (
        isinstance(header_row, bool) or not isinstance(header_row, int) or header_row < 1
    ):
        raise _bad(where, "header_row", header_row, "Write the row's number, counted from 1.")
    return ReadOptions(
        also,
        None if sheet is None else str(sheet),
        header_row,
        _separator(settings.get("separator"), where),
        _encoding(settings.get("encoding"), where),
        _types(settings.get("types"), where),
        _zone(settings.get("time_zone"), where),
        _unpivot(settings["unpivot"], where) if "unpivot" in settings else None,
        _rename(settings.get("rename"), where),
    )


def _bad(where: str, setting: str, value: object, hint: str) -> DefinitionError:
    return DefinitionError("WB-T02", f"{where}: `{setting}` is {value!r}.", hint)


def _separator(value: object, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise _bad(
            where, "separator", value, f"Write it in quotes, or one of {', '.join(_SPOKEN_SEPARATORS)}."
        )
    separator = _SPOKEN_SEPARATORS.get(value, value)
    if len(separator) > _LONGEST_SEPARATOR or re.search(r'["\r\n\w]', separator, re.ASCII):
        raise _bad(
            where,
            "separator",
            value,
            f"Write up to {_LONGEST_SEPARATOR} signs that are no letters, digits, double quotes or line ends, or one of "
            f"{', '.join(_SPOKEN_SEPARATORS)}.",
        )
    return separator


def _encoding(value: object, where: str) -> str | None:
    if value is None:
        return None
    found = canonical(value) if isinstance(value, str) else None
    if found is None:
        raise _bad(where, "encoding", value, did_you_mean(str(value), ENCODINGS))
    return found


def _types(value: object, where: str) -> dict[str, StatedType]:
    if value is None:
        return {}
    stated: dict[str, StatedType] = {}
    for column, kind in expect_mapping(value, f"{where}, types").items():
        if kind not in _TYPES:
            raise _bad(f"{where}, types", column, kind, did_you_mean(str(kind), _TYPES))
        stated[column] = kind
    return stated


def _rename(value: object, where: str) -> dict[str, str]:
    if value is None:
        return {}
    given = expect_mapping(value, f"{where}, rename")
    for old, new in given.items():
        if not isinstance(new, str) or not new or new in given:
            raise _bad(f"{where}, rename", old, new, "Write {name in the file: name in the table}.")
    return {str(old): new for old, new in given.items()}


def _zone(value: object, where: str) -> str | None:
    if value is None:
        return None
    refusal = _bad(where, "time_zone", value, "Write a zone such as Asia/Shanghai or UTC.")
    if not isinstance(value, str):
        raise refusal
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder of zones
        raise refusal from error


def _unpivot(value: object, where: str) -> Unpivot:
    place = f"{where}, unpivot"
    settings = expect_mapping(value, place)
    expect_known(settings, _UNPIVOT, place)
    time = settings.get("time")
    if not isinstance(time, str) or not time:
        raise DefinitionError(
            "WB-T02",
            f"{place}: `time:` is missing.",
            "Name the column that is to hold the moment: `time: month`.",
        )
    rows = _rows(settings.get("rows"), place)
    keep = names(settings["keep"], f"{place}, keep") if "keep" in settings else None
    unpivot = Unpivot(time, rows, keep)
    _refuse_twice(unpivot, place)
    return unpivot


def _rows(value: object, place: str) -> dict[datetime | str, dict[str, str | None]]:
    given = expect_mapping(value if value is not None else {}, f"{place}, rows")
    if not given:
        raise DefinitionError(
            "WB-T02",
            f"{place}: `rows:` is missing.",
            "Write one entry per moment: `rows: {2005-09-01: {bill: BILL_AMT1}, 2005-08-01: {bill: BILL_AMT2}}`.",
        )
    rows: dict[datetime | str, dict[str, str | None]] = {}
    first: tuple[str, ...] = ()
    for moment, columns in given.items():
        at = f"{place}, {moment}"
        row = expect_mapping(columns, at)
        if not all(column is None or isinstance(column, str) and column for column in row.values()):
            raise DefinitionError("WB-T02", f"{at}: {row!r} does not name columns.", "Write `value: COLUMN`.")
        first = first or tuple(row)
        if set(row) != set(first) or not row:
            raise DefinitionError(
                "WB-T02",
                f"{at}: its values are {_quoted(row)}, but those of the first moment are {_quoted(first)}.",
                "Name the same values for every moment; write `value: null` where one does not exist.",
            )
        rows[_moment(moment)] = {name: row[name] for name in first}
    kinds = {type(m) for m in rows}
    if len(kinds) > 1:
        odd = next(m for m in rows if isinstance(m, str))
        raise DefinitionError(
            "WB-T02", f"{place}: '{odd}' is no date, but other moments are.", "Write YYYY-MM-DD for all."
        )
    if len(rows) < len(given):
        raise DefinitionError("WB-T02", f"{place}: one moment is written twice.", "Write each moment once.")
    return rows


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{v}'" for v in values) or "none"


def _moment(text: str) -> datetime | str:
    """The key of a row as a moment; a month counts as its first day, other text stays text."""
    month = re.fullmatch(r"(\d{4})-(\d{2})", text)
    try:
        return datetime.fromisoformat(f"{text}-01" if month else text).replace(tzinfo=None)
    except ValueError:
        return text


def _refuse_twice(unpivot: Unpivot, place: str) -> None:
    """A column that stands for two values, or a name that two columns would have, is a slip of the pen."""
    spread = unpivot.spread
    double = next((c for i, c in enumerate(spread) if c in spread[:i]), None)
    if double is not None:
        raise DefinitionError(
            "WB-T02", f"{place}: column '{double}' is named for two values.", "Name each column once."
        )
    if not spread:
        raise DefinitionError("WB-T02", f"{place}: no value has a column.", "Write `value: COLUMN`.")
    long = (*(unpivot.keep or ()), unpivot.time, *unpivot.values)
    double = next((c for i, c in enumerate(long) if c in long[:i]), None)
    if double is not None:
        raise DefinitionError(
            "WB-T02",
            f"{place}: the long table would have two columns '{double}'.",
            "Call one of them otherwise.",
        )
    kept = next((c for c in unpivot.keep or () if c in spread), None)
    if kept is not None:
        raise DefinitionError(
            "WB-T02", f"{place}: column '{kept}' is kept and spread.", "Take it out of one of the two."
        )
