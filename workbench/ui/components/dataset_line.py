"""A dataset in one line: how many tables and rows, from when to when."""

from __future__ import annotations

from typing import Any

from workbench.ui.view import View


def describe(view: View, dataset: Any) -> str:
    """ "8 tables, 2,300,000 rows, 2017-01-01 to 2017-12-31"; without dates where there are none."""
    rows = f"{sum(table.rows for table in dataset.tables):,}"
    said = view.t("dataset.tables", tables=len(dataset.tables), rows=rows)
    moments = [
        moment for table in dataset.tables for moment in (table.first, table.last) if moment is not None
    ]
    if not moments:
        return said
    return view.t(
        "dataset.period", said=said, first=f"{min(moments):%Y-%m-%d}", last=f"{max(moments):%Y-%m-%d}"
    )


def is_flat(dataset: Any) -> bool:
    """Whether the dataset is one table without cutoffs: nobody can be picked from it as of a day."""
    return all(not label.cutoffs for label in dataset.labels)
