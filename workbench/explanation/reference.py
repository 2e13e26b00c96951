"""The customers with whom a customer is compared when reasons are told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.dataset.frame import Kind
from workbench.text import Text

NEAR_CUT_ROWS = 50
POPULATION_ROWS = 200


def reference_rows(
    X: pd.DataFrame, p: np.ndarray, *, kind: Kind, cut: float | None = None, n: int | None = None
) -> pd.DataFrame:
    """The reference: for risk the rows whose probability lies nearest to `cut`, else a picture of the population.

    `p` are the rows' probabilities of the event; `cut` is the border between B and C (`Grades.review_cut`). The
    population is drawn at even steps of probability, so that its mean is the population's. The index is kept: it
    names the rows. Without a cut, risk too is compared with the population.
    """
    order = np.argsort(p, kind="stable")
    if kind == "risk" and cut is not None:
        nearest = np.argsort(np.abs(np.asarray(p) - cut), kind="stable")[: n or NEAR_CUT_ROWS]
        return X.iloc[np.sort(nearest)]
    wanted = min(n or POPULATION_ROWS, len(order))
    steps = ((np.arange(wanted) + 0.5) * len(order) / max(wanted, 1)).astype(int)
    return X.iloc[np.sort(order[steps])]


def reference_sentence(kind: Kind, rows: int, *, threshold_note: str | Text | None = None) -> Text:
    """Who the reasons compare with and which way they push, to be shown beside them."""
    if kind == "risk":
        near = (
            Text("near the cut-off between grades", "处于等级分界线附近")
            if threshold_note is None
            else threshold_note
        )
        note = Text.of(near)
        return Text(
            f"Reasons say what makes this customer riskier than {rows} customers {note.en}.",
            f"理由说明该客户为何比{note.zh}的 {rows} 位客户风险更高。",
        )
    event_en, event_zh = {
        "response": ("more likely to respond", "更可能响应"),
        "conversion": ("more likely to convert", "更可能转化"),
        "churn": ("more likely to leave", "更可能流失"),
    }[kind]
    extra = Text("", "") if threshold_note is None else Text.of(threshold_note)
    return Text(
        f"Reasons say what makes this customer {event_en} than the average customer ({rows} reference customers).{_after(extra.en)}",
        f"理由说明该客户为何比平均客户（{rows} 位参照客户）{event_zh}。{extra.zh}",
    )


def _after(note: str) -> str:
    return f" {note}" if note else ""
