"""The training frame: rows keyed by entity and cutoff time, features, label, and where each came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date

import pandas as pd
from pandas.util import hash_pandas_object

from workbench.labels.kinds import KINDS, Kind
from workbench.text import Text

__all__ = ["CUTOFF", "KINDS", "LABEL", "OUTCOME_KNOWN", "Kind", "TrainingFrame"]

LABEL = "label"
CUTOFF = "cutoff_time"
OUTCOME_KNOWN = "outcome_known_at"


@dataclass(frozen=True)
class TrainingFrame:
    """What a search learns from.

    `rows` has a fresh RangeIndex and holds, beside the feature columns, `label` (int8, 1 = event; absent in a
    frame that is only scored), the key columns, and for dated tasks `cutoff_time` and `outcome_known_at`
    (datetime64; cutoff + window + lag: a row may teach only if this lies before the first test cutoff).
    Categorical features are text (object/str) or pandas categoricals, all others float64 or datetime64.
    """

    task: str  # "complete_journey/coupon_response", or the model's name for a flat file
    kind: Kind
    rows: pd.DataFrame
    features: tuple[str, ...]
    keys: tuple[str, ...] = ()
    entity: str | None = None  # the key column whose rows depend on each other
    time: str | None = None  # CUTOFF for dated tasks, a flat file's --time column, else None
    judge_from: date | None = None  # where the hold-out begins, if the label says so
    event_class: str = "1"  # the outcome's value that counts as the event, as the source spells it
    other_class: str = "0"
    known_before: tuple[str, ...] = ()  # features that the label's definition vouches for
    sentences: dict[str, Text] = field(default_factory=dict)  # feature -> what it means
    groups: dict[str, str] = field(default_factory=dict)  # feature -> source table or definition it came from
    counts: dict[str, int] = field(
        default_factory=dict
    )  # what was left out, by reason: immature, left_censored, ...
    sources: dict[str, str] = field(default_factory=dict)  # table -> fingerprint of what was read
    notes: tuple[str, ...] = ()  # said aloud: the event class chosen, columns set aside, dates read from text

    @property
    def name(self) -> str:
        """The model name of this task: `complete_journey.coupon_response`."""
        return self.task.replace("/", ".")

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of a SHA-256 over the rows and column names, in order."""
        digest = hashlib.sha256("\x1f".join(map(str, self.rows.columns)).encode())
        text = {c: "str" for c in self.rows.columns if self.rows[c].dtype == object}
        hashed = hash_pandas_object(self.rows.astype(text), index=False)  # ty: ignore[not-callable]
        digest.update(hashed.to_numpy().tobytes())
        return digest.hexdigest()[:16]
