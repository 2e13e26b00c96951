"""Fewer columns where there are thousands: the ones that say most alone, chosen on a fold's own training rows."""

from __future__ import annotations

import numpy as np

from workbench.search.encoder import Encoded

MANY = 1000  # columns beyond which boosters spend their time on noise
KEPT = 600
_ROWS = 20_000  # enough to rank columns by


def strongest(data: Encoded, y: np.ndarray) -> tuple[int, ...]:
    """The active columns, or where they are more than 1,000 the 600 most associated with the label, in their order."""
    if len(data.active) <= MANY:
        return data.active
    if data.rows > _ROWS:
        rows = np.linspace(0, data.rows - 1, _ROWS).astype(int)
        data, y = data.take(rows), y[rows]
    strength = np.array([_association(data.values[:, j], y, data.sizes.get(j)) for j in data.active])
    kept = np.argsort(-strength, kind="stable")[:KEPT]
    return tuple(data.active[i] for i in np.sort(kept))


def _association(values: np.ndarray, y: np.ndarray, size: int | None) -> float:
    """Share of the label's variance that the column explains: by level, or by tenths of a number and its gaps."""
    if size is None:
        missing = np.isnan(values)
        seen = values[~missing]
        edges = np.unique(np.quantile(seen, np.linspace(0.1, 0.9, 9))) if seen.size else np.zeros(0)
        codes = np.where(missing, 0, np.searchsorted(edges, values) + 1)
        size = len(edges) + 2
    else:
        codes = values.astype(np.int64)
    rows = np.bincount(codes, minlength=size)
    events = np.bincount(codes, weights=y, minlength=size)
    used = rows > 0
    between = float(np.sum((events[used] - rows[used] * y.mean()) ** 2 / rows[used]))
    degrees = max(1, int(used.sum()) - 1)
    total = max(float(np.sum((y - y.mean()) ** 2)), 1e-12)
    return (between - degrees * total / len(y)) / total  # less what chance alone would explain
