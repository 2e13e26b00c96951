"""A dataset with nothing wrong is told without a warning: how its files were understood is a note."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.dataset.shop import FEATURES, LABELS, TABLES, orders, shop
from workbench.dataset.checks import check_dataset
from workbench.tables.check_page import as_html
from workbench.tables.findings import Finding


def found(folder: Path, text: str) -> list[Finding]:
    """The findings of a shop whose people are written in this text, and whose orders are dated in words."""
    tables = TABLES.replace("people.parquet", "people.csv")
    home = shop(folder, tables=tables, features=FEATURES, labels=LABELS)
    (home.feature_defs / "shop" / "people.csv").write_text(text, encoding="gb18030")
    return list(check_dataset(home, "shop", label="buys").findings)


def people(*since: str) -> str:
    rows = [f"{n + 1},{'北京上海广州'[2 * n % 6 :][:2]},{30 + n},{day}" for n, day in enumerate(since)]
    return "\n".join(["customer,town,age,since", *rows])


def test_what_was_understood_is_a_note(tmp_path: Path) -> None:
    told = found(tmp_path, people(*(f"2024-01-{n:02d}" for n in range(1, 8))))
    of_people = [f for f in told if f.table == "people"]
    assert {(f.code, f.severity) for f in of_people} == {("WB-T19", "note")}
    assert any("read as GB18030" in f.message for f in of_people)
    assert any("Dates were read from text in 'since'" in f.message for f in of_people)


def test_what_was_lost_or_is_open_is_a_warning(tmp_path: Path) -> None:
    told = found(tmp_path, people(*(f"{n:02d}/03/2024" for n in range(1, 8))))
    (ambiguous,) = [f for f in told if "either way" in f.message]
    assert ambiguous.severity == "warn"


def test_one_is_told_as_one(tmp_path: Path) -> None:
    once = pd.concat(
        [
            orders(),
            pd.DataFrame(
                {"customer": [None], "at": pd.to_datetime(["2025-06-01"]), "amount": [1.0], "product": ["t"]}
            ),
        ]
    )
    home = shop(tmp_path, orders=once)
    (nobody,) = [f for f in check_dataset(home, "shop").findings if f.code == "WB-T18"]
    assert nobody.message == "table 'orders': 1 row has no customer and belongs to nobody."


def test_the_page_and_the_terminal_tell_of_left_out_rows_alike(tmp_path: Path) -> None:
    report = check_dataset(shop(tmp_path), "shop", label="buys")
    (line,) = [x.strip() for x in report.lines() if x.strip().startswith("shop/buys:")]
    assert f"<p>{line.removeprefix('shop/buys: ')}.</p>" in as_html(report)
