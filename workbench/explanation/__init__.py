"""Why the model says what it says: importance, dependence, reasons and shap's pictures."""

from workbench.explanation.customer import one_customer
from workbench.explanation.dependence import dependence
from workbench.explanation.importance import importance
from workbench.explanation.pictures import bar_png, beeswarm_png, waterfall_png
from workbench.explanation.pushes import Explained, Pushes, pushes
from workbench.explanation.reasons import reasons
from workbench.explanation.reference import reference_rows, reference_sentence

__all__ = [
    "Explained",
    "Pushes",
    "bar_png",
    "beeswarm_png",
    "dependence",
    "importance",
    "one_customer",
    "pushes",
    "reasons",
    "reference_rows",
    "reference_sentence",
    "waterfall_png",
]
