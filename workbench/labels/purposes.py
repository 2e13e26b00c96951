"""What a label is predicted for, which decides whose data it may use and whose consent it needs.

A label of kind risk serves `risk`, every other kind serves `marketing`, unless the label states its own `purpose:`
or the dataset has one by another name. `credit` is another word for `risk`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.labels.definition import AnyLabel
from workbench.tables.schema import TableSet

_ALIKE = {"risk": "credit", "credit": "risk"}
_STANDARD = ("marketing", *_ALIKE)


@dataclass(frozen=True)
class Purpose:
    """One purpose by every name under which `allowed_for` and the consent table may speak of it.

    >>> Purpose("risk", "risk").allowed_by(["credit"])
    True
    """

    name: str
    kind: str

    @property
    def words(self) -> tuple[str, ...]:
        """The purpose's own names: what a person consents to."""
        return (self.name, _ALIKE[self.name]) if self.name in _ALIKE else (self.name,)

    def allowed_by(self, allowed_for: Iterable[str]) -> bool:
        """Whether data with this `allowed_for` may be used; an empty one allows every purpose."""
        allowed = set(allowed_for)
        # risk is a kind and a purpose: a risk label that serves marketing is marketing
        kinds = () if self.kind == "risk" else (self.kind,)
        return not allowed or bool(allowed.intersection((*self.words, *kinds)))

    def __str__(self) -> str:
        return self.name if self.name == self.kind else f"{self.name} ({self.kind})"


def purpose_of(label: AnyLabel, tables: TableSet) -> Purpose:
    """The purpose that a label states, else its dataset's own word for it, else the one that its kind has."""
    by_kind = "risk" if label.kind == "risk" else "marketing"
    of_dataset = tables.purpose if tables.purpose not in (None, *_STANDARD) else None
    return Purpose(label.purpose or of_dataset or by_kind, label.kind)
