"""The four kinds of outcome that the workbench predicts, and what each may be used for."""

from __future__ import annotations

from typing import Literal

Kind = Literal["response", "conversion", "churn", "risk"]
KINDS: tuple[Kind, ...] = ("response", "conversion", "churn", "risk")

Purpose = Literal["marketing", "risk"]


def purpose_of(kind: Kind) -> Purpose:
    """What the data behind a label of this kind is used for."""
    return "risk" if kind == "risk" else "marketing"
