"""One customer's prediction, taken apart."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from workbench.dataset.frame import Kind
from workbench.errors import DataError
from workbench.explanation.pushes import Explained, pushes
from workbench.explanation.reference import reference_sentence
from workbench.explanation.words import sentence_of, value_in_words
from workbench.text import Text


def one_customer(
    ensemble: Explained,
    X_row: pd.DataFrame,
    *,
    kind: Kind,
    sentences: Mapping[str, Text],
    reference: pd.DataFrame,
    language: str = "en",
    threshold_note: str | Text | None = None,
    contributions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """feature, sentence, value (in words), contribution (log-odds), direction (up | down | none), largest first.

    The contributions are the very values that `reasons` ranks. `attrs` holds `base` (mean log-odds of the reference),
    `log_odds` (= base + sum of contributions) and `reference` (a sentence). `contributions` as in `pushes`. Raises WB-C09 unless X_row has one row.
    """
    if len(X_row) != 1:
        raise DataError(
            "WB-C09", f"The picture of one customer needs exactly one row, but got {len(X_row)}.", "Pick one."
        )
    found = pushes(ensemble, X_row, reference=reference, contributions=contributions)
    values = found.values.iloc[0]
    table = pd.DataFrame(
        {
            "feature": list(values.index),
            "sentence": [sentence_of(name, sentences, language) for name in values.index],
            "value": [value_in_words(X_row[name].iloc[0], language) for name in values.index],
            "contribution": values.to_numpy(),
        }
    )
    table["direction"] = ["up" if v > 0 else "down" if v < 0 else "none" for v in table["contribution"]]
    order = table["contribution"].abs().sort_values(ascending=False, kind="stable").index
    table = table.loc[order].reset_index(drop=True)
    table.attrs["base"] = found.base
    table.attrs["log_odds"] = float(found.log_odds[0])
    table.attrs["reference"] = reference_sentence(kind, len(reference), threshold_note=threshold_note)[
        language
    ]
    return table
