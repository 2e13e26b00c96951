"""A small real model: 600 made-up customers, a real search of one trial, its scorecard, grades and reference rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.dataset.schema import Column, ColumnSchema
from workbench.files import write_text
from workbench.registry.artefact import Artefact
from workbench.registry.facts import Facts
from workbench.registry.record import RunInput, RunRecord
from workbench.scorecard.build import build_scorecard
from workbench.scorecard.grades import grade_bands
from workbench.search.budget import Deadline
from workbench.search.search import search
from workbench.search.spec import SearchSpec
from workbench.text import Text

AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
SENTENCES = {
    "visits": Text("visits in the last 30 days", "近30天到访次数"),
    "城市": Text("city", "城市"),
    "joined": Text("day of joining", "加入日期"),
}


def customers(rows: int = 600, seed: int = 7) -> tuple[pd.DataFrame, np.ndarray]:
    """Features of made-up customers, and whether each responded: more often with more visits."""
    draw = np.random.default_rng(seed)
    visits = draw.poisson(3, rows).astype(float)
    city = draw.choice(["上海", "北京", "Paris"], rows)
    logit = -2.5 + 0.6 * visits + np.where(city == "上海", 0.8, 0.0)
    frame = pd.DataFrame(
        {
            "visits": np.where(draw.random(rows) < 0.05, np.nan, visits),
            "城市": city,
            "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 900, rows), unit="D"),
        }
    )
    return frame, (draw.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int8)


def train_small(*, name: str = "shop.response", kind: str = "response") -> Artefact:
    """The artefact of one quick search."""
    X, y = customers()
    rows = np.arange(len(X))
    folds = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    found = search(
        X, y, folds=folds, spec=SearchSpec(trials=1, seed=1, threads=1), deadline=Deadline.after(None)
    )
    facts = Facts(
        name=name,
        task=name.replace(".", "/"),
        kind=kind,  # ty: ignore[invalid-argument-type]
        event_class="yes",
        other_class="no",
        features=tuple(X.columns),
        fingerprint="0123456789abcdef",
        seed=1,
        train_rows=len(X),
        event_rate=float(y.mean()),
        base_rate=float(y.mean()),
        created_at=AT.isoformat(),
        keys=("customer_id",),
        entity="customer_id",
        sentences=SENTENCES,
        metrics={"test_auc": 0.81, "test_ks": 0.5},
        trials=1,
        period="2017-04-01..2017-10-01",
        trained_by="mo.deler",
    )
    schema = ColumnSchema(
        (Column("visits", "number"), Column("城市", "category"), Column("joined", "date")), ("customer_id",)
    )
    p = found.model.predict_proba(X)
    return Artefact(
        facts,
        schema,
        found.model,
        build_scorecard(X, y, kind=facts.kind, sentences=SENTENCES, event_class="yes"),
        grade_bands(p, y, facts.kind),
        X.head(50),
    )


def record_of(artefact: Artefact, files: Path, *, name: str | None = None, trials: int = 20) -> RunRecord:
    """The record of a run that made this artefact, with a report, a picture, a leaderboard and inputs."""
    write_text(files / "report" / "gains.csv", "depth,lift\n0.1,3.1\n")
    (files / "plots").mkdir(exist_ok=True)
    (files / "plots" / "beeswarm.png").write_bytes(b"\x89PNG")
    board = pd.DataFrame(
        {
            "trial": range(trials),
            "family": "lightgbm",
            "config": [f"num_leaves={k}" for k in range(trials)],
            "auc": np.linspace(0.8, 0.7, trials),
            "logloss": 0.4,
            "seconds": 1.0,
            "weight": 0.0,
        }
    )
    if name is not None:
        artefact = replace(artefact, facts=replace(artefact.facts, name=name, task=name.replace(".", "/")))
    return RunRecord(
        artefact,
        metrics={"test_auc": 0.81, "test_ks": 0.5, "cv_auc": 0.8, "card_auc": 0.79, "test_ece": float("nan")},
        params={"search_seed": 1, "search_trials": 1, "split_kind": "out_of_time"},
        started_at=AT - timedelta(seconds=60),
        ended_at=AT,
        trials=board,
        files=files,
        inputs=(
            RunInput("shop/response", "training", 480, "0123456789abcdef"),
            RunInput("shop/response", "testing", 120, "fedcba9876543210"),
        ),
    )
