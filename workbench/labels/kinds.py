"""The four kinds of outcome that the workbench predicts."""

from __future__ import annotations

from typing import Literal

Kind = Literal["response", "conversion", "churn", "risk"]
KINDS: tuple[Kind, ...] = ("response", "conversion", "churn", "risk")
