"""One LightGBM, tuned: what a careful analyst does without an AutoML program."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

FOLDS = 5
_STOP_AFTER_ROUNDS = 50
_MOST_ROUNDS = 4_000


class OutOfTimeError(Exception):
    """The budget ended within a fold."""


def start(*, threads: int, folder: Path) -> None:
    import lightgbm  # noqa: F401
    import optuna
    import sklearn.model_selection  # noqa: F401

    optuna.logging.set_verbosity(optuna.logging.WARNING)


def fit(x, y, entity, *, seconds, threads, seed, folder):
    """The models of the best trial whose folds all ended in time; if none did, those of the first as far as they came."""
    import optuna

    ends = time.perf_counter() + seconds
    folds = folds_of(x, y, entity, seed)
    best: dict = {"loss": float("inf"), "models": []}

    def objective(trial):
        models, losses = [], []
        for train, valid in folds:
            first = not best["models"]
            models.append(fold(x, y, train, valid, parameters(trial, threads, seed), ends, cut=first))
            p = models[-1].predict(x.iloc[valid])
            losses.append(-np.mean(np.log(np.clip(np.where(y[valid] == 1, p, 1 - p), 1e-15, 1))))
            if time.perf_counter() > ends:
                if first:
                    best["models"] = models
                raise OutOfTimeError
        loss = float(np.mean(losses))
        if loss < best["loss"]:
            best.update(loss=loss, models=models, trial=trial.number)
        return loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial({"learning_rate": 0.1, "num_leaves": 31, "min_child_samples": 20, "feature_fraction": 1.0, "bagging_fraction": 1.0, "lambda_l1": 1e-8, "lambda_l2": 1e-8})  # fmt: skip
    while time.perf_counter() < ends:
        study.optimize(objective, n_trials=1, catch=(OutOfTimeError,))
    return best | {"trials": len(study.trials)}


def parameters(trial, threads: int, seed: int) -> dict:
    return {
        "objective": "binary", "verbosity": -1, "num_threads": threads, "seed": seed, "bagging_freq": 1,
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 255, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 200, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.4, 1.0),
        "lambda_l1": trial.suggest_float("lambda_l1", 1e-8, 10.0, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-8, 10.0, log=True),
    }  # fmt: skip


def folds_of(x, y, entity, seed: int) -> list:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if entity is None else StratifiedGroupKFold
    return list(kind(FOLDS, shuffle=True, random_state=seed).split(x, y, entity))


def fold(x, y, train, valid, given: dict, ends: float, *, cut: bool):
    """One model, stopped by its validation rows; at the end of the budget cut short or given up."""
    import lightgbm

    def clock(env):
        if time.perf_counter() > ends:
            if cut:
                raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list)
            raise OutOfTimeError

    data = lightgbm.Dataset(x.iloc[train], y[train], free_raw_data=False)
    stop = lightgbm.early_stopping(_STOP_AFTER_ROUNDS, verbose=False)
    return lightgbm.train(given, data, _MOST_ROUNDS, valid_sets=[data.create_valid(x.iloc[valid], y[valid])], callbacks=[stop, clock])  # fmt: skip


def probabilities(model, x):
    return np.mean([m.predict(x) for m in model["models"]], axis=0)


def save(model, folder: Path) -> Path:
    target = folder / "model"
    target.mkdir()
    for number, one in enumerate(model["models"]):
        one.save_model(str(target / f"{number}.txt"))
    return target


def members(model) -> str:
    return f"trial {model.get('trial', 'cut short')} of {model['trials']}, {len(model['models'])} models"
