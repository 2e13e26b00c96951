"""Why this customer: up to four different things that make the event likelier, in her own values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from workbench.dataset.frame import Kind
from workbench.explanation.pushes import Explained, pushes
from workbench.explanation.reference import reference_sentence
from workbench.explanation.words import with_value
from workbench.text import Text

SMALLEST = 1e-6  # log-odds; below it is rounding of the model's own contributions


def reasons(
    ensemble: Explained,
    X: pd.DataFrame,
    *,
    kind: Kind,
    sentences: Mapping[str, Text],
    reference: pd.DataFrame,
    groups: Mapping[str, str] | None = None,
    language: str = "en",
    n: int = 4,
    threshold_note: str | Text | None = None,
) -> pd.DataFrame:
    """reason_1..reason_n per row of X (same index): sentences such as `days since last redemption: 12`.

    Pushes (see `pushes`) are summed by group; only groups that raise the event's probability are named, the
    strongest first, each by its strongest feature; equal ones keep the features' order. Fewer than n push: missing.
    `frame.attrs["reference"]` says who is compared with.
    """
    found = pushes(ensemble, X, reference=reference).values
    told = told_reasons(found, X, groups=groups, sentences=sentences, language=language, n=n)
    told.attrs["reference"] = reference_sentence(kind, len(reference), threshold_note=threshold_note)[
        language
    ]
    return told


def told_reasons(
    found: pd.DataFrame,
    X: pd.DataFrame,
    *,
    groups: Mapping[str, str] | None,
    sentences: Mapping[str, Text],
    language: str,
    n: int,
    smallest: float = SMALLEST,
) -> pd.DataFrame:
    """The ranking itself: from pushes towards the event (rows x features, any unit) to sentences."""
    names = list(found.columns)
    texts = np.full((len(X), n), None, dtype=object)
    if names:
        member, speakers_of = _grouping(names, groups)
        values = found.to_numpy()
        totals = values @ member
        speakers = np.column_stack([np.array(s)[values[:, s].argmax(axis=1)] for s in speakers_of])
        ranked = np.argsort(-np.round(totals, 9), axis=1, kind="stable")[:, :n]
        columns: dict[int, list[Any]] = {}
        for rank in range(ranked.shape[1]):
            group = ranked[:, rank]
            for row in np.flatnonzero(totals[np.arange(len(X)), group] > smallest):
                at = int(speakers[row, group[row]])
                if at not in columns:
                    columns[at] = X[names[at]].tolist()
                texts[row, rank] = with_value(names[at], columns[at][row], sentences, language)
    return pd.DataFrame(texts, columns=[f"reason_{k}" for k in range(1, n + 1)], index=X.index, dtype="str")


def _grouping(names: list[str], groups: Mapping[str, str] | None) -> tuple[np.ndarray, list[list[int]]]:
    """(features x groups membership, feature numbers of each group).

    One single group for all (a flat file is one table) tells nothing apart and is set aside: each feature is one.
    """
    of = {name: (groups or {}).get(name, name) for name in names}
    if len(set(of.values())) == 1:
        of = {name: name for name in names}
    order = {group: at for at, group in enumerate(dict.fromkeys(of.values()))}
    member = np.zeros((len(names), len(order)))
    lists: list[list[int]] = [[] for _ in order]
    for at, name in enumerate(names):
        member[at, order[of[name]]] = 1
        lists[order[of[name]]].append(at)
    return member, lists
