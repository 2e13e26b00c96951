"""AutoGluon, preset best quality: bagging and stacking."""

from __future__ import annotations

from autogluon_side import fit_preset, members, probabilities, save, start

__all__ = ["fit", "members", "probabilities", "save", "start"]

# on two cores Ray's workers cost more than they bring: with them two models in 60 s of a small table, without them ten
ONE_BY_ONE = {"fold_fitting_strategy": "sequential_local"}


def fit(x, y, entity, *, seconds, threads, seed, folder):
    return fit_preset(
        "best_quality", x, y, seconds=seconds, threads=threads, folder=folder, ag_args_ensemble=ONE_BY_ONE
    )
