"""What must be known about a model to score with it, explain it and account for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.dataset.frame import Kind
from workbench.text import Text


@dataclass(frozen=True)
class Facts:
    """The model's passport. Everything in it is plain data: it is `facts.json` in the artefact's folder.

    `base_rate` is the event rate that probabilities are calibrated to; `metrics` bear their prefix (`test_auc`).
    """

    name: str
    task: str
    kind: Kind
    event_class: str
    other_class: str
    features: tuple[str, ...]
    fingerprint: str
    seed: int
    train_rows: int
    event_rate: float
    base_rate: float
    created_at: str  # ISO 8601, UTC
    keys: tuple[str, ...] = ()
    entity: str | None = None
    time: str | None = None
    sentences: Mapping[str, Text] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    budget_seconds: float | None = None
    trials: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)  # table -> fingerprint of what was read
    period: str = ""  # "2017-04-01..2017-10-01", the cutoffs it learned from
    trained_by: str = ""
    job_id: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def tier(self) -> str:
        """`credit` for risk models, which a validator signs before they are released; else `marketing`."""
        return "credit" if self.kind == "risk" else "marketing"

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives an equal object back."""
        values = asdict(self)
        values["sentences"] = {name: text.as_dict() for name, text in self.sentences.items()}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Facts:
        plain = dict(values)
        for name in ("features", "keys", "notes"):
            plain[name] = tuple(plain.get(name, ()))
        plain["sentences"] = {name: Text.of(text) for name, text in plain.get("sentences", {}).items()}
        return cls(**plain)
