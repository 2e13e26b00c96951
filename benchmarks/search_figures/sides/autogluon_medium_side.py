"""AutoGluon, preset medium quality: its default."""

from __future__ import annotations

from autogluon_side import fit_preset, members, probabilities, save, start

__all__ = ["fit", "members", "probabilities", "save", "start"]


def fit(x, y, entity, *, seconds, threads, seed, folder):
    return fit_preset("medium_quality", x, y, seconds=seconds, threads=threads, folder=folder)
