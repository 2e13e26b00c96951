"""The AutoML workbench for customer marketing and credit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.automodel import AutoModel

__all__ = ["AutoModel", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # late: the class is a scikit-learn estimator, and importing the workbench must not import scikit-learn
    if name == "AutoModel":
        from workbench.automodel import AutoModel

        return AutoModel
    raise AttributeError(f"module 'workbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
