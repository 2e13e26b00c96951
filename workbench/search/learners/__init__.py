"""The families of models that a search may try. A new one is one private file and one line here."""

from __future__ import annotations

from workbench.search.learners import _catboost, _lightgbm, _logistic, _xgboost
from workbench.search.learners.contract import Config, FitTask, Fitted, Learner

LEARNERS: dict[str, Learner] = {
    learner.family: learner
    for learner in (_lightgbm.LightGBM(), _catboost.CatBoost(), _xgboost.XGBoost(), _logistic.Logistic())
}

__all__ = ["LEARNERS", "Config", "FitTask", "Fitted", "Learner"]
