"""Scoring many rows: probability, grade, and for those who will be contacted the reasons why."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import UsageError, did_you_mean
from workbench.files import whole_file
from workbench.registry.artefact import Artefact

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell

REASONS = tuple(f"reason_{k}" for k in range(1, 5))
EXCEL_NUMBER = 10**15  # whole numbers from here on lose digits in Excel
EXCEL_ROWS = 1_048_576 - 1  # a sheet's last row, less the header
FORMATS = (".csv", ".csv.gz", ".parquet", ".xlsx")


def score_frame(
    artefact: Artefact,
    keys: pd.DataFrame,
    features: pd.DataFrame,
    *,
    reasons: str = "none",
    card: bool = False,
    language: str = "en",
) -> pd.DataFrame:
    """The key columns, `probability` of the event, `grade`, and what else was asked; one row per given row, in order.

    `reasons` is `none`, `all` or `top:N` (the N likeliest rows; ties by row order): `reason_1..reason_4`, empty for the
    other rows. `card` adds `card_points` and `card_probability`. `keys` and `features` have the same rows.
    Raises UsageError WB-P30 for an unknown `reasons`, WB-P31 for a card or reasons that the model has not got.
    """
    if len(keys) != len(features):
        raise ValueError(f"keys and features have the same rows, but got {len(keys)} and {len(features)}")
    features = features.reset_index(drop=True)
    told = _told(reasons, len(features))
    scored = artefact.score(features)
    columns = [keys.reset_index(drop=True), scored]
    if told is not None:
        columns.append(_reasons(artefact, features, scored["probability"].to_numpy(), told, language))
    if card:
        if artefact.scorecard is None:
            raise UsageError(
                "WB-P31", f"'{artefact.facts.name}' has no scorecard.", "Leave out --card, or train it again."
            )
        points = artefact.scorecard.points(features)
        columns.append(
            pd.DataFrame(
                {"card_points": points, "card_probability": artefact.scorecard.probability(features)}
            )
        )
    return pd.concat(columns, axis=1)


def _told(reasons: str, rows: int) -> int | None:
    """How many rows get reasons; None if nobody asked for them."""
    if reasons == "none":
        return None
    if reasons == "all":
        return rows
    top = re.fullmatch(r"top:([1-9][0-9]{0,8})", reasons)
    if top is None:
        raise UsageError(
            "WB-P30", f"reasons cannot be '{reasons}'.", did_you_mean(reasons, ("none", "top:1000", "all"))
        )
    return min(int(top[1]), rows)


def _reasons(
    artefact: Artefact, features: pd.DataFrame, probability: np.ndarray, told: int, language: str
) -> pd.DataFrame:
    from workbench.explanation.reasons import reasons

    if artefact.reference is None:
        raise UsageError(
            "WB-P31", f"'{artefact.facts.name}' has no reference rows to explain with.", "Train it again."
        )
    if told == 0:
        return pd.DataFrame(columns=list(REASONS), index=range(len(features)), dtype=object)
    chosen = np.sort(np.argsort(-probability, kind="stable")[:told])
    facts = artefact.facts
    texts = reasons(
        artefact.ensemble,
        features.iloc[chosen],
        kind=facts.kind,
        sentences=dict(facts.sentences),
        groups=dict(facts.groups),
        reference=artefact.reference,
        language=language,
        n=len(REASONS),
    )
    return texts.set_axis(list(REASONS), axis=1).set_axis(chosen, axis=0).reindex(range(len(features)))


def format_of(out: Path) -> str:
    """The format that a file's ending names. Raises UsageError WB-P32 where it names none."""
    kind = next((f for f in sorted(FORMATS, key=len, reverse=True) if out.name.lower().endswith(f)), None)
    if kind is None:
        ending = out.suffix or "no ending"
        raise UsageError(
            "WB-P32", f"'{out.name}' has {ending}: it does not say a format.", f"Use {', '.join(FORMATS)}."
        )
    return kind


def write_scored(frame: pd.DataFrame, out: Path) -> Path:
    """Writes the frame to `out`, whole or not at all; the ending says how: .csv, .csv.gz, .parquet or .xlsx.

    Raises UsageError WB-P32 for another ending, WB-P33 for more rows than an Excel sheet holds.
    """
    kind = format_of(out)
    if kind == ".xlsx" and len(frame) > EXCEL_ROWS:
        raise UsageError(
            "WB-P33",
            f"{len(frame):,} rows do not fit on an Excel sheet, which holds {EXCEL_ROWS:,}.",
            "Write .csv or .parquet: nothing is ever cut off.",
        )
    with whole_file(out) as part:
        if kind == ".parquet":
            frame.to_parquet(part, index=False)
        elif kind == ".xlsx":
            write_xlsx(frame, part)
        else:
            frame.to_csv(
                part, index=False, compression="gzip" if kind == ".csv.gz" else None, lineterminator="\n"
            )
    return out


def write_xlsx(frame: pd.DataFrame, target: Path) -> None:
    """One sheet; text is text, never a formula, and keeps its leading zeros."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("scores")

    def cell(value: object) -> object:
        if isinstance(value, str):
            value = _printable(value)
            if value.startswith("="):  # openpyxl would write a formula
                text: Cell = WriteOnlyCell(sheet, value=value)
                text.data_type = "s"
                return text
        return value

    sheet.append([cell(str(name)) for name in frame.columns])
    for row in zip(*(_plain(frame.iloc[:, i]) for i in range(frame.shape[1])), strict=True):
        sheet.append([cell(value) for value in row])
    book.save(target)


def _plain(column: pd.Series) -> list[object]:
    """Excel's own types: numbers, dates without a zone, text, None."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    values = column.astype(object).where(column.notna(), None).tolist()
    if any(type(v) is int and abs(v) >= EXCEL_NUMBER for v in values):
        return [None if v is None else str(v) for v in values]  # Excel would keep its first 15 digits
    return [v.to_pydatetime() if isinstance(v, pd.Timestamp) else _cell(v) for v in values]


def _cell(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text)
