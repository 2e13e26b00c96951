"""How good a model is, with intervals: `evaluate` and `paired_difference`."""

from workbench.evaluation.intervals import paired_difference
from workbench.evaluation.report import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate", "paired_difference"]
