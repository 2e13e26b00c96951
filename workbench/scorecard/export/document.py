"""The card as a table and as a page to read."""

from __future__ import annotations

import pandas as pd

from workbench.scorecard.card import Scorecard


def card_csv(card: Scorecard) -> str:
    """`card.table()` with both languages; text that a spreadsheet would run as a formula is disarmed by a quote."""
    table = card.table("en")
    chinese = card.table("zh")
    table.insert(2, "sentence_zh", chinese["sentence"])
    table.insert(4, "bin_zh", chinese["bin"])
    for column in ("variable", "sentence", "sentence_zh", "bin", "bin_zh"):
        table[column] = [f"'{text}" if text[:1] in "=+-@\t\r" and text else text for text in table[column]]
    return table.to_csv(index=False)


def card_markdown(card: Scorecard) -> str:
    """Direction, points per bin, grades by points, the reference of the reasons and notes."""
    low, high = card.score_range
    lines = [
        "# Scorecard",
        "",
        card.direction.en,
        "",
        f"Points run from {low} to {high}. {card.grades.sentence.en}",
        "",
        "## Points",
        "",
    ]
    lines += _table(
        card.table("en")[["sentence", "bin", "n", "event_rate", "woe", "iv", "points"]],
        {"n": "{:,.0f}", "event_rate": "{:.2%}", "woe": "{:.4f}", "iv": "{:.4f}"},
    )
    if card.constant:
        lines += ["", f"Everyone has {card.constant} points."]
    every = card.score_table()
    steps = every[every["score"] % 20 == 0] if len(every) > 40 else every
    scores = every.groupby("grade", sort=True)
    ranges = pd.DataFrame(
        [
            {
                "grade": str(letter),
                "points": f"{part['score'].min()} to {part['score'].max()}",
                "probability": f"{part['probability'].min():.2%} to {part['probability'].max():.2%}",
            }
            for letter, part in scores
        ]
    )
    lines += ["", "## Grades", "", *_table(ranges, {})]
    lines += ["", "## Probability of the event by points", ""]
    lines += _table(steps, {"probability": "{:.2%}", "odds": "{:.2f}"})
    lines += ["", "## Reasons", "", f"Reasons compare a customer's points with {card.reference.en}."]
    if card.notes:
        lines += ["", "## Notes", "", *(f"- {note.en}" for note in card.notes)]
    return "\n".join(lines) + "\n"


def _table(frame: pd.DataFrame, formats: dict[str, str]) -> list[str]:
    lines = [f"| {' | '.join(frame.columns)} |", f"|{' --- |' * frame.shape[1]}"]
    for row in frame.to_dict("records"):
        cells = []
        for column, value in row.items():
            missing = isinstance(value, float) and value != value
            text = "" if missing else formats.get(str(column), "{}").format(value)
            cells.append(" ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return lines
