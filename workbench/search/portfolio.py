"""The candidates that are tried first, in an order that brings breadth by family before depth.

Starting points: few-leaf and extra-trees LightGBM, shallow to middling CatBoost and XGBoost as learned on
public benchmarks by AutoGluon's and TabArena's portfolios (rounded facts), a logistic regression, and one nearly
unregularised forest-like booster for tables with near-duplicate rows.
"""

from __future__ import annotations

from workbench.search.learners.contract import Config

FLOOR = Config(
    "lightgbm",
    {
        "learning_rate": 0.08,
        "num_leaves": 12,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.7,
        "lambda_l2": 1.0,
        "rounds": 500,
    },
)
"""One quick booster: the usable model that exists within the first tenth of the budget."""


def _lightgbm(
    rate: float,
    leaves: int,
    min_leaf: int,
    feature: float,
    bag: float,
    l1: float,
    l2: float,
    *,
    extra: bool,
    cat_smooth: float = 10.0,
    cat_l2: float = 10.0,
    onehot: int = 8,
    per_group: int = 30,
) -> Config:
    return Config(
        "lightgbm",
        {
            "learning_rate": rate,
            "num_leaves": leaves,
            "min_data_in_leaf": min_leaf,
            "feature_fraction": feature,
            "bagging_fraction": bag,
            "lambda_l1": l1,
            "lambda_l2": l2,
            "extra_trees": extra,
            "cat_smooth": cat_smooth,
            "cat_l2": cat_l2,
            "max_cat_to_onehot": onehot,
            "min_data_per_group": per_group,
            "rounds": 4000,
        },
    )


def _catboost(depth: int, rate: float, l2: float, *, one_hot: int = 6) -> Config:
    # combinations of categories cost most of CatBoost's time on two cores and gain little on customer tables
    # deeper trees than 6 bring the blend nothing and their contributions cost four times as much per level
    params = {
        "learning_rate": rate,
        "depth": depth,
        "l2_leaf_reg": l2,
        "one_hot_max_size": one_hot,
        "max_ctr_complexity": 1,
        "rounds": 4000,
    }
    return Config("catboost", params)


def _xgboost(rate: float, depth: int, weight: float, column: float, row: float, l2: float) -> Config:
    return Config(
        "xgboost",
        {
            "learning_rate": rate,
            "max_depth": depth,
            "min_child_weight": weight,
            "colsample_bylevel": column,
            "subsample": row,
            "lambda": l2,
            "rounds": 4000,
        },
    )


PORTFOLIO: tuple[Config, ...] = (
    FLOOR,
    Config("logistic", {"strength": 1.0, "hinges": 3, "path": True}),
    _catboost(6, 0.06, 3.0),
    _lightgbm(0.03, 8, 15, 0.43, 0.72, 0.1, 0.3, extra=True, cat_smooth=1.0, cat_l2=2.0, per_group=10),
    _lightgbm(
        0.03, 39, 3, 0.46, 0.88, 0.24, 0.36, extra=True, cat_smooth=15.0, cat_l2=0.35, onehot=16, per_group=9
    ),
    _catboost(4, 0.07, 4.5, one_hot=10),
    _xgboost(0.05, 5, 1.0, 0.7, 0.85, 2.0),
    _lightgbm(0.02, 16, 2, 0.43, 0.71, 0.5, 0.5, extra=False, cat_smooth=50.0, cat_l2=0.9, onehot=16),
    _lightgbm(
        0.04, 5, 12, 0.73, 0.85, 0.24, 0.3, extra=True, cat_smooth=5.0, cat_l2=0.01, onehot=67, per_group=93
    ),
    _lightgbm(
        0.02, 64, 28, 0.55, 0.99, 0.9, 1.9, extra=True, cat_smooth=1.9, cat_l2=0.01, onehot=18, per_group=54
    ),
    _lightgbm(0.05, 3, 24, 0.6, 0.8, 0.4, 0.3, extra=False, cat_l2=1.0, onehot=28, per_group=10),
    _xgboost(0.03, 8, 0.6, 0.69, 0.8, 1.0),
    _lightgbm(0.05, 255, 1, 0.6, 1.0, 0.0, 0.0, extra=True, cat_smooth=1.0, cat_l2=0.1, per_group=3),
    _lightgbm(
        0.015,
        84,
        3,
        0.53,
        0.98,
        0.03,
        0.84,
        extra=False,
        cat_smooth=0.01,
        cat_l2=0.16,
        onehot=42,
        per_group=75,
    ),
    Config("logistic", {"strength": 1.0, "hinges": 0, "path": True}),
)
"""Tried in this order; the folds decide what stays."""
