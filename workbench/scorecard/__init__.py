"""Scorecards: bins, points, probability, grades, reasons and their exports."""

from workbench.scorecard.binning import Outcome, fit_bins
from workbench.scorecard.build import build_scorecard
from workbench.scorecard.card import Scorecard
from workbench.scorecard.export import export
from workbench.scorecard.grades import Grades, grade_bands, wilson
from workbench.scorecard.spec import CardSpec

__all__ = [
    "CardSpec",
    "Grades",
    "Outcome",
    "Scorecard",
    "build_scorecard",
    "export",
    "fit_bins",
    "grade_bands",
    "wilson",
]
