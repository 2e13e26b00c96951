"""The card on Give Me Some Credit (150,000 borrowers) reaches what is known of WOE cards there."""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.model_selection import StratifiedKFold

from workbench.scorecard import build_scorecard


@pytest.mark.slow
def test_three_folds_reach_the_known_auc_and_ks() -> None:
    source = files("empulse").joinpath("datasets/data/creditscoring1.csv.gz")
    with source.open("rb") as stream:
        table = pd.read_csv(stream, compression="gzip")
    y = table.pop("SeriousDlqin2yrs").to_numpy()
    X = table.drop(columns="id")
    figures = []
    for learned, judged in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y):
        card = build_scorecard(X.iloc[learned], y[learned], kind="risk")
        whole, exact = -card.points(X.iloc[judged]), card.log_odds(X.iloc[judged])
        false, true, _ = roc_curve(y[judged], whole)
        auc, ks = roc_auc_score(y[judged], whole), (true - false).max()
        assert auc == pytest.approx(roc_auc_score(y[judged], exact), abs=1e-3)
        table = card.grades.table(card.probability(X.iloc[judged]), y[judged])
        assert table["event_rate"].is_monotonic_increasing
        figures.append((auc, ks))
    auc, ks = np.mean(figures, axis=0)
    assert auc >= 0.857
    assert ks >= 0.555
