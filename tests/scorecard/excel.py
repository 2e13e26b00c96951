"""Computes the formulas of a workbook that the scorecard writes: enough of a spreadsheet to be its witness."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any

from openpyxl.workbook import Workbook

TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?)|(?P<text>"[^"]*")|(?P<range>(?:\w+!)?\$[A-Z]\$\d+:\$[A-Z]\$\d+)"""
    r"""|(?P<cell>(?:\w+!)?\$[A-Z]\$\d+)|(?P<name>[A-Z]+)(?=\()|(?P<mark><=|[-+*/=(),]))"""
)
EPOCH = datetime(1899, 12, 30)


class Sheet:
    """One workbook with its formulas; `value("calculator", "D7")` computes a cell."""

    def __init__(self, book: Workbook) -> None:
        self.book = book

    def value(self, sheet: str, cell: str) -> Any:
        found: Any = self.book[sheet][cell.replace("$", "")]
        if found.data_type == "f":
            return Formula(self, sheet, str(found.value)[1:]).read()
        if isinstance(found.value, (date, datetime)):
            moment = datetime(*found.value.timetuple()[:6])
            return (moment - EPOCH).total_seconds() / 86400
        return found.value


class Formula:
    """Recursive descent over one formula."""

    def __init__(self, book: Sheet, sheet: str, text: str) -> None:
        self.book, self.sheet = book, sheet
        self.tokens = [(m.lastgroup or "", m.group(m.lastgroup or 0)) for m in TOKEN.finditer(text)]
        assert "".join(t for _, t in self.tokens) == text.replace(" ", ""), text
        self.at = 0

    def read(self) -> Any:
        found = self.compared()
        assert self.at == len(self.tokens)
        return found

    def next(self, *marks: str) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in marks:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def compared(self) -> Any:
        left = self.summed()
        mark = self.next("<=", "=")
        if mark is None:
            return left
        right = self.summed()
        if not (FUNCTIONS["ISNUMBER"](left) and FUNCTIONS["ISNUMBER"](right)):
            return left == right  # of a text or an empty cell only the guarded branch is used
        return left == right if mark == "=" else left <= right

    def summed(self) -> Any:
        found = self.multiplied()
        while mark := self.next("+", "-"):
            right = self.multiplied()
            found = found + right if mark == "+" else found - right
        return found

    def multiplied(self) -> Any:
        found = self.one()
        while mark := self.next("*", "/"):
            right = self.one()
            if isinstance(found, list):
                found = [
                    a * b
                    for a, b in zip(
                        found, right if isinstance(right, list) else [right] * len(found), strict=True
                    )
                ]
            else:
                found = found * right if mark == "*" else found / right
        return found

    def one(self) -> Any:
        if self.next("-"):
            return -self.one()
        if self.next("("):
            found = self.compared()
            assert self.next(")")
            return found
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return float(text)
        if kind == "text":
            return text[1:-1]
        if kind in ("cell", "range"):
            sheet, _, where = text.rpartition("!")
            sheet = sheet or self.sheet
            if kind == "cell":
                return self.book.value(sheet, where)
            first, last = (re.sub(r"\D", "", end) for end in where.split(":"))
            return [self.book.value(sheet, f"${where[1]}${row}") for row in range(int(first), int(last) + 1)]
        assert self.next("(")
        values = [self.compared()]
        while self.next(","):
            values.append(self.compared())
        assert self.next(")")
        return FUNCTIONS[text](*values)


def exact(left: Any, right: Any) -> Any:
    if isinstance(left, list):
        return [exact(one, right) for one in left]
    return str(left) == str(right)


FUNCTIONS: dict[str, Any] = {
    "IF": lambda test, yes, no: yes if test else no,
    "NOT": lambda value: not value,
    "ISBLANK": lambda value: value is None,
    "ISNUMBER": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "SUM": sum,
    "SUMPRODUCT": sum,
    "EXACT": exact,
    "INDEX": lambda values, at: values[int(at) - 1],
    "INT": lambda value: math.floor(value) if isinstance(value, (int, float)) else 0,
}
