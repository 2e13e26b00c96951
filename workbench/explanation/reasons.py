"""Why this customer: up to four different things that make the event likelier, in her own values."""

from __future__ import annotations

from collections.abc import Mapping

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
    names = list(found.columns)
    member, speakers_of = _grouping(names, groups, n)
    values = found.to_numpy()
    totals = values @ member
    speakers = np.column_stack([np.array(s)[values[:, s].argmax(axis=1)] for s in speakers_of])
    ranked = np.argsort(-np.round(totals, 9), axis=1, kind="stable")[:, :n]
    texts = np.full((len(X), n), None, dtype=object)
    columns: dict[int, list] = {}
    for rank in range(ranked.shape[1]):
        group = ranked[:, rank]
        rows = np.flatnonzero(totals[np.arange(len(X)), group] > SMALLEST)
        for row in rows:
            at = int(speakers[row, group[row]])
            if at not in columns:
                columns[at] = X[names[at]].tolist()
            texts[row, rank] = with_value(names[at], columns[at][row], sentences, language)
    told = pd.DataFrame(texts, columns=[f"reason_{k}" for k in range(1, n + 1)], index=X.index, dtype="str")
    told.attrs["reference"] = reference_sentence(kind, len(reference), threshold_note=threshold_note)[
        language
    ]
    return told


def _grouping(
    names: list[str], groups: Mapping[str, str] | None, n: int
) -> tuple[np.ndarray, list[list[int]]]:
    """(features x groups membership, feature numbers of each group).

    Groups too coarse to tell n things apart (a flat file is one single table) are set aside: each feature is one.
    """
    of = {name: (groups or {}).get(name, name) for name in names}
    if len(set(of.values())) < min(n, len(names)):
        of = {name: name for name in names}
    order = {group: at for at, group in enumerate(dict.fromkeys(of.values()))}
    member = np.zeros((len(names), len(order)))
    lists: list[list[int]] = [[] for _ in order]
    for at, name in enumerate(names):
        member[at, order[of[name]]] = 1
        lists[order[of[name]]].append(at)
    return member, lists
