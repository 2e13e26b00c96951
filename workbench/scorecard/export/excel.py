"""The card as a workbook that computes: type a customer's values, read points, probability and grade."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from workbench.files import whole_file
from workbench.scorecard.bins import Bins
from workbench.scorecard.card import Scorecard, Variable

EPOCH = datetime.date(1970, 1, 1)
_HEAD = PatternFill("solid", fgColor="DDE6F0")
_INPUT = PatternFill("solid", fgColor="FFF7D6")
_FIRST_INPUT = 5  # the calculator's first row of variables


def write_excel(card: Scorecard, target: Path) -> None:
    """Sheets calculator, points, levels, scores, about; formulas only, no macros, no links to other files."""
    book = Workbook()
    calculator = book.active
    if calculator is None:  # a new workbook always has a sheet; the type says otherwise
        calculator = book.create_sheet()
    calculator.title = "calculator"
    points, levels = book.create_sheet("points"), book.create_sheet("levels")
    first_rows = _points_sheet(points, card)
    level_rows = _levels_sheet(levels, card, first_rows)
    _calculator_sheet(calculator, card, first_rows, level_rows)
    _scores_sheet(book.create_sheet("scores"), card)
    _about_sheet(book.create_sheet("about"), card)
    with whole_file(target) as part:
        book.save(part)


def _put(cell: Cell | Any, value: object) -> None:
    """A value; text is always text, also when it begins with an equals sign."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
    else:
        cell.value = value


def _headings(sheet: Worksheet, row: int, names: list[str], widths: list[int]) -> None:
    for at, (name, width) in enumerate(zip(names, widths, strict=True), start=1):
        cell = sheet.cell(row, at)
        _put(cell, name)
        cell.font, cell.fill = Font(bold=True), _HEAD
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.freeze_panes = sheet.cell(row + 1, 1)


def _edge(bins: Bins, value: float) -> object:
    return EPOCH + datetime.timedelta(days=int(value)) if bins.type == "date" else value


def _points_sheet(sheet: Worksheet, card: Scorecard) -> list[int]:
    """One row per bin; returns each variable's first row. Column D holds upper edges and codes, H the points."""
    _headings(
        sheet,
        1,
        ["variable", "meaning", "bin", "up to / equal to", "customers", "event rate", "WOE", "points"],
        [24, 40, 30, 16, 11, 11, 10, 9],
    )
    row, first_rows = 2, []
    for part in card.parts:
        bins = part.bins
        first_rows.append(row)
        for number in range(bins.size):
            n = bins.events[number] + bins.non_events[number]
            bound: object = None
            if bins.type != "category" and number < len(bins.edges):
                bound = _edge(bins, bins.edges[number])
            elif bins.ordinary <= number < bins.ordinary + len(bins.specials):
                bound = _edge(bins, bins.specials[number - bins.ordinary])
            values = (
                part.name,
                part.sentence.en,
                bins.label(number).en,
                bound,
                n,
                bins.events[number] / n if n else None,
                float(bins.woe[number]),
                part.points[number],
            )
            for at, value in enumerate(values, start=1):
                _put(sheet.cell(row, at), value)
            sheet.cell(row, 6).number_format, sheet.cell(row, 7).number_format = "0.00%", "0.0000"
            if bins.type == "date":
                sheet.cell(row, 4).number_format = "yyyy-mm-dd"
            row += 1
    return first_rows


def _levels_sheet(sheet: Worksheet, card: Scorecard, first_rows: list[int]) -> dict[int, tuple[int, int]]:
    """One row per level of a category; returns first and last row per variable number."""
    _headings(sheet, 1, ["variable", "level", "points"], [24, 30, 9])
    row, found = 2, {}
    for at, part in enumerate(card.parts):
        start = row
        for number, group in enumerate(part.bins.groups):
            for level in group:
                _put(sheet.cell(row, 1), part.name)
                _put(sheet.cell(row, 2), level)
                sheet.cell(row, 3).value = f"=points!$H${first_rows[at] + number}"
                row += 1
        if row > start:
            found[at] = (start, row - 1)
    return found


def _calculator_sheet(
    sheet: Worksheet, card: Scorecard, first_rows: list[int], level_rows: dict[int, tuple[int, int]]
) -> None:
    _put(sheet["A1"], card.direction.en)
    _put(sheet["A2"], "Type a customer's values into the yellow cells; an empty cell means unknown.")
    _headings(sheet, _FIRST_INPUT - 1, ["variable", "meaning", "value", "points"], [24, 44, 20, 10])
    row = _FIRST_INPUT
    for at, part in enumerate(card.parts):
        _put(sheet.cell(row, 1), part.name)
        _put(sheet.cell(row, 2), part.sentence.en)
        sheet.cell(row, 3).fill = _INPUT
        if part.bins.type == "date":
            sheet.cell(row, 3).number_format = "yyyy-mm-dd"
        elif part.bins.type == "category":
            sheet.cell(row, 3).number_format = "@"
        sheet.cell(row, 4).value = "=" + _formula(part, f"$C${row}", first_rows[at], level_rows.get(at))
        row += 1
    total, probability, grade = row + 1, row + 2, row + 3
    parts = f"SUM($D${_FIRST_INPUT}:$D${row - 1})+" if card.parts else ""
    low, high = card.score_range
    results = (
        (total, "score", f"={parts}{card.constant}", "0"),
        (
            probability,
            "probability of the event",
            f"=INDEX(scores!$B$2:$B${high - low + 2},$D${total}-({low})+1)",
            "0.00%",
        ),
        (grade, "grade", f"={_grade_formula(card, f'$D${total}')}", "General"),
    )
    for at, name, formula, shape in results:
        _put(sheet.cell(at, 1), name)
        sheet.cell(at, 1).font = sheet.cell(at, 4).font = Font(bold=True)
        sheet.cell(at, 4).value = formula
        sheet.cell(at, 4).number_format = shape


def _formula(part: Variable, cell: str, first: int, levels: tuple[int, int] | None) -> str:
    """Nested IFs over the rows of the points sheet, in the order in which the card tells bins apart."""
    bins = part.bins

    def points(number: int) -> str:
        return f"points!$H${first + number}"

    missing = points(bins.size - 1)
    if bins.type == "category":
        other = points(bins.size - 2)
        if levels is None:
            return f"IF(ISBLANK({cell}),{missing},{other})"
        names, values = (f"levels!${c}${levels[0]}:${c}${levels[1]}" for c in "BC")
        # EXACT: upper and lower case differ, and a star is a star
        return (
            f"IF(ISBLANK({cell}),{missing},IF(SUMPRODUCT(EXACT({names},{cell})*1)=0,{other},"
            f"SUMPRODUCT(EXACT({names},{cell})*{values})))"
        )
    value = f"INT({cell})" if bins.type == "date" else cell
    formula = points(bins.ordinary - 1)
    for number in reversed(range(len(bins.edges))):
        formula = f"IF({value}<=points!$D${first + number},{points(number)},{formula})"
    for number in range(bins.ordinary, bins.ordinary + len(bins.specials)):
        formula = f"IF({value}=points!$D${first + number},{points(number)},{formula})"
    return f"IF(NOT(ISNUMBER({cell})),{missing},{formula})"


def _grade_formula(card: Scorecard, cell: str) -> str:
    cuts = card.grade_cuts()
    formula = f'"{cuts[-1][1]}"'
    for highest, letter in reversed(cuts[:-1]):
        formula = f'IF({cell}<={highest},"{letter}",{formula})'
    return formula


def _scores_sheet(sheet: Worksheet, card: Scorecard) -> None:
    _headings(
        sheet, 1, ["score", "probability of the event", "non-events per event", "grade"], [9, 22, 20, 8]
    )
    for row, line in enumerate(card.score_table().to_dict("records"), start=2):
        for at, value in enumerate(
            (int(line["score"]), float(line["probability"]), float(line["odds"]), str(line["grade"])), start=1
        ):
            _put(sheet.cell(row, at), value)
        sheet.cell(row, 2).number_format, sheet.cell(row, 3).number_format = "0.00%", "0.0"


def _about_sheet(sheet: Worksheet, card: Scorecard) -> None:
    sheet.column_dimensions["A"].width = 110
    reference = card.reference
    sentences = [card.direction, card.grades.sentence, reference, *card.notes]
    for row, text in enumerate((t for s in sentences for t in (s.en, s.zh) if t), start=1):
        _put(sheet.cell(row, 1), text)
        sheet.cell(row, 1).alignment = Alignment(wrap_text=True)
