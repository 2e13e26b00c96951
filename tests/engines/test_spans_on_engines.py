"""Added up between window edges, events give the same numbers on every engine."""

from __future__ import annotations

import pytest

from tests.features.test_spans import disagreements


@pytest.mark.parametrize("known_after", ["3d", "own column"])
def test_sums_over_shared_spans_agree_on_every_engine(known_after: str, engine_kind: str) -> None:
    wrong = disagreements(21, known_after)
    assert not wrong, wrong[:5]
