"""The card in the forms in which other systems and people take it."""

from __future__ import annotations

from pathlib import Path

from workbench.files import write_json, write_text
from workbench.scorecard.card import Scorecard
from workbench.scorecard.export.document import card_csv, card_markdown
from workbench.scorecard.export.pmml import card_pmml

__all__ = ["card_csv", "card_markdown", "card_pmml", "export"]


def export(card: Scorecard, folder: Path, *, name: str = "scorecard") -> tuple[Path, ...]:
    """Writes json, csv, md, duckdb and postgres sql, xlsx and pmml into `folder`; returns the files' paths.

    `scorecard.sql` is DuckDB's, `scorecard.postgres.sql` PostgreSQL's. Each file appears whole or not at all.
    """
    from workbench.scorecard.export.excel import write_excel  # sqlglot and openpyxl are slow to import
    from workbench.scorecard.export.sql import card_sql

    folder = Path(folder)
    files = {
        f"{name}.csv": card_csv(card),
        f"{name}.md": card_markdown(card),
        f"{name}.sql": card_sql(card, dialect="duckdb"),
        f"{name}.postgres.sql": card_sql(card, dialect="postgres"),
        f"{name}.pmml": card_pmml(card),
    }
    write_json(folder / f"{name}.json", card.to_dict())
    for file, text in files.items():
        write_text(folder / file, text)
    write_excel(card, folder / f"{name}.xlsx")
    return tuple(folder / file for file in (f"{name}.json", *files, f"{name}.xlsx"))
