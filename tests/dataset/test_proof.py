"""`check --prove` finds a compiler that leaks, whatever it leaks by, and lets an honest one pass.

Definitions cannot say anything leaky, so the compiler is doctored here: each test changes one comparison in the
queries that reach the database.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlglot import exp
from typer.testing import CliRunner

from tests.dataset.shop import shop
from workbench.cli import app
from workbench.config import Home
from workbench.dataset.catalog import load_task
from workbench.dataset.proof.boundaries import prove_boundaries
from workbench.dataset.proof.features import prove_features
from workbench.dataset.proof.outcomes import prove_outcomes
from workbench.dataset.proof.prove import prove_dataset
from workbench.dataset.proof.report import Change, Proof, ProofReport
from workbench.dataset.proof.sample import Sample, draw
from workbench.features.aggregations import REGISTRY, Aggregation, Rows
from workbench.features.moments import Moments
from workbench.labels import compile as labels_compile
from workbench.tables.engine import AT, KNOWN, Engine

TABLES = """
entity: customer
observed_until: 2025-07-01
observed_from: 2024-12-01
purpose: marketing
consent: {table: consents, granted: granted}
tables:
  orders: {source: orders.parquet, event_time: at, known_after: 1d}
  complaints: {source: complaints.parquet, event_time: at, known_at: filed}
  visits: {source: visits.parquet, event_time: at}
  consents: {source: consents.parquet, event_time: at}
  people: {source: people.parquet}
  products: {source: products.parquet, key: product}
"""
FEATURES = """
spend:
  from: orders
  value: amount
  aggregate: [sum, count, last]
  windows: [30d, 1mo, 30d..60d, all]
tea: {from: orders, where: "products.aisle = 'tea'", aggregate: [count, days_since_last]}
complaints: {from: complaints, value: reason, aggregate: [count, mode]}
visits: {from: visits, aggregate: [count, peak_hour], windows: [14d]}
town: {attribute: people.town}
recent: {ratio: [spend_sum_30d, spend_sum_all]}
"""
LABELS = """
buys:
  kind: conversion
  cutoffs: {every: 1mo, from: 2025-03-01, to: 2025-04-01}
  eligible: {any_in: orders, within: 90d}
  outcome: {any_in: visits, within: 20d, gap: 2d, lag: 1d}
"""
CUSTOMERS = 60


def shop_tables() -> dict[str, pd.DataFrame]:
    """Orders at midnight, so that many lie exactly on an edge; complaints filed days later; visits with a zone."""
    rng = np.random.default_rng(1)
    day = pd.Timestamp("2025-01-01")

    def days(n: int) -> pd.Series:
        return pd.Series(day + pd.to_timedelta(rng.integers(0, 180, n), unit="D"))

    orders = pd.DataFrame(
        {
            "customer": rng.integers(1, CUSTOMERS + 1, 1500),
            "at": days(1500),
            "amount": rng.integers(1, 90, 1500) / 2,
            "product": rng.choice(["t", "b"], 1500),
        }
    )
    happened = days(300)
    complaints = pd.DataFrame(
        {
            "customer": rng.integers(1, CUSTOMERS + 1, 300),
            "at": happened,
            "filed": happened + pd.to_timedelta(rng.integers(1, 40, 300), unit="D"),
            "reason": rng.choice(["late", "broken", "wrong"], 300),
        }
    )
    visits = pd.DataFrame(
        {
            "customer": rng.integers(1, CUSTOMERS + 1, 300),
            "at": (days(300) + pd.to_timedelta(rng.integers(0, 86400, 300), unit="s")).dt.tz_localize("UTC"),
        }
    )
    customers = np.arange(1, CUSTOMERS + 1)
    consents = pd.DataFrame(
        {
            "customer": np.r_[customers, customers[:20]],
            "purpose": "marketing",
            "at": [day] * CUSTOMERS + [pd.Timestamp("2025-03-20")] * 20,
            "granted": [True] * CUSTOMERS + [False] * 20,
        }
    )
    people = pd.DataFrame({"customer": customers, "town": rng.choice(list("abc"), CUSTOMERS)})
    return {
        "orders": orders, "complaints": complaints, "visits": visits, "consents": consents, "people": people,
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("proof")
    return shop(folder, tables=TABLES, features=FEATURES, labels=LABELS, **shop_tables())


def proofs(home: Home, name: str = "shop") -> dict[str, Proof]:
    return {p.name: p for found in prove_dataset(home, name).tasks.values() for p in found}


def failed(home: Home, *kinds: Callable[[Sample], list[Proof]]) -> dict[str, Proof]:
    """The proofs of these kinds that fail, by name."""
    dataset, label = load_task(home, "shop/buys")
    with Engine(dataset.tables) as engine:
        for name in dataset.tables.tables:
            engine.load(name)
        sample = draw(engine, dataset, label, labels_compile.training_rows(engine, label).rows)
    with sample.engine:
        return {p.name: p for kind in kinds for p in kind(sample) if p.status == "failed"}


def edges(sample: Sample) -> list[Proof]:
    return [prove_boundaries(sample)]


def doctored(monkeypatch: pytest.MonkeyPatch, change: Callable[[exp.Expr], exp.Expr]) -> None:
    """Let every query of every engine pass through `change`, node by node; cutoffs are columns in all of them."""
    honest = Engine.frame
    monkeypatch.setattr(Moments, "of", classmethod(lambda cls, engine: cls(None)))
    monkeypatch.setattr(Engine, "frame", lambda self, query: honest(self, query.transform(change)))


def compares(node: exp.Expr, kind: type[exp.Binary], left: str, right: str) -> bool:
    return (
        type(node) is kind
        and isinstance(node.this, exp.Column)
        and node.this.name == left
        and right in {c.name for c in node.expression.find_all(exp.Column)}
    )


def test_an_honest_compiler_passes_every_proof(home: Home) -> None:
    found = proofs(home)
    assert {n: p.status for n, p in found.items()} == {
        "the future deleted": "ok",
        "the future dealt out anew": "ok",
        "late rows added": "ok",
        "rows in another order": "ok",
        "times in another zone": "ok",
        "all cutoffs at once": "ok",
        "boundaries": "ok",
        "the outcome's own window": "ok",
        "the outcome's edges": "ok",
        "outcomes, rows in another order": "ok",
        "immature outcomes": "ok",
        "people.*": "warn",
        "products.*": "warn",
        "columns proven only by word": "ok",
    }
    assert found["the future deleted"].cutoffs == 2
    assert found["the future deleted"].columns == 20
    assert found["the future deleted"].rows > 60
    assert "(town)" in found["people.*"].done


def test_an_event_exactly_at_the_cutoff_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def at_or_before(node: exp.Expr) -> exp.Expr:
        if compares(node, exp.LT, KNOWN, "cutoff") or compares(node, exp.LT, KNOWN, "_cutoff"):
            return exp.LTE(this=node.this, expression=node.expression)
        return node

    doctored(monkeypatch, at_or_before)
    found = failed(home, prove_features, edges)
    assert {"the future deleted", "the future dealt out anew", "late rows added", "boundaries"} <= set(found)
    change = next(c for c in found["the future deleted"].changes if c.column == "spend_count_all")
    assert change.before > change.after
    assert set(change.row) == {"customer"}


def test_a_compiler_that_ignores_when_a_row_was_known_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A complaint that happened before the cutoff and was filed after it would count."""

    def by_event_time(node: exp.Expr) -> exp.Expr:
        if compares(node, exp.LT, KNOWN, "_cutoff"):
            return exp.LT(this=exp.column(AT, table=node.this.table, quoted=True), expression=node.expression)
        return node

    doctored(monkeypatch, by_event_time)
    found = failed(home, prove_features, edges)
    assert {"the future deleted", "the future dealt out anew", "late rows added", "boundaries"} <= set(found)
    changed = {c.column for c in found["the future deleted"].changes}
    assert {"complaints_count_all", "spend_sum_all", "recent"} <= changed
    assert not any(c.startswith("visits") for c in changed), "visits are known at once"


def test_a_compiler_that_sees_the_whole_future_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def always(node: exp.Expr) -> exp.Expr:
        seen = compares(node, exp.LT, KNOWN, "_cutoff") or compares(node, exp.LT, AT, "_cutoff")
        return exp.true() if seen else node

    doctored(monkeypatch, always)
    found = failed(home, prove_features)
    assert "in the frame" in {c.column for c in found["the future deleted"].changes}, (
        "consent withdrawn later is known"
    )
    assert found["the future deleted"].as_dict()["status"] == "failed"


def test_a_window_that_loses_the_event_on_its_edge_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_ended(node: exp.Expr) -> exp.Expr:
        if compares(node, exp.GTE, AT, "30d before"):
            return exp.GT(this=node.this, expression=node.expression)
        return node

    doctored(monkeypatch, open_ended)
    found = failed(home, prove_features, edges)
    assert set(found) == {"boundaries"}
    change = next(c for c in found["boundaries"].changes if c.column == "spend_count_30d")
    assert change.what == "events exactly 30d before the cutoff"
    assert change.after == 0 and change.before > 0


def test_a_query_that_names_a_later_moment_than_the_rows_cutoff_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all rows share a cutoff, the query holds the moment itself."""
    honest = Moments.of.__func__  # ty: ignore[unresolved-attribute]

    def a_second_late(cls: type[Moments], engine: Engine) -> Moments:
        found = honest(cls, engine)
        return cls(found.only + timedelta(seconds=1) if found.only is not None else None)

    monkeypatch.setattr(Moments, "of", classmethod(a_second_late))
    assert {"the future deleted", "late rows added", "boundaries"} <= set(failed(home, prove_features, edges))


def test_a_training_frame_computed_in_another_way_than_a_single_day_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features of many cutoffs may be computed together, faster; a mistake there shows against each day alone."""
    honest = Engine.frame

    def sees_more_together(self: Engine, query: exp.Expr) -> pd.DataFrame:
        answer = honest(self, query)
        if "visits_count_14d" in answer and len(self.frame(exp.select("_row").from_("_spine"))) > 60:
            answer["visits_count_14d"] += 1
        return answer

    monkeypatch.setattr(Engine, "frame", sees_more_together)
    found = proofs(home)["all cutoffs at once"]
    assert found.status == "failed"
    assert {c.column for c in found.changes} == {"visits_count_14d"}


def test_an_answer_that_hangs_on_the_order_of_rows_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Last(Aggregation):
        name, word = "last", ("latest", "最近一次")
        en, zh = "latest {noun} {when}", "{when}最近一次{noun}"
        needs, gives, timed = "value", "value", True

        def sql(self, rows: Rows) -> exp.Expr:
            latest = exp.Anonymous(this="arg_max", expressions=[rows.value.copy(), rows.at.copy()])
            return rows.only(latest)

    monkeypatch.setitem(REGISTRY, "last", Last())
    assert "rows in another order" in failed(home, prove_features)


def test_times_that_lose_their_zone_are_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Engine.put_rows

    def as_the_clock_shows(self: Engine, name: str, rows: pd.DataFrame) -> object:
        if name == "visits":
            rows = rows.assign(at=rows["at"].dt.tz_localize(None))
        return honest(self, name, rows)

    monkeypatch.setattr(Engine, "put_rows", as_the_clock_shows)
    found = failed(home, prove_features)
    assert set(found) == {"times in another zone"}
    assert {c.column for c in found["times in another zone"].changes} == {
        "visits_count_14d",
        "visits_peak_hour_14d",
    }


@pytest.mark.parametrize("edge", ["_end", "_begin"])
def test_an_outcome_that_reaches_outside_its_window_is_found(
    home: Home, monkeypatch: pytest.MonkeyPatch, edge: str
) -> None:
    """One microsecond too long at its end; or without a beginning, so that the gap counts too."""

    def wider(node: exp.Expr) -> exp.Expr:
        if edge == "_end" and compares(node, exp.LT, AT, "_end"):
            return exp.LTE(this=node.this, expression=node.expression)
        if edge == "_begin" and compares(node, exp.GTE, AT, "_begin"):
            return exp.true()
        return node

    doctored(monkeypatch, wider)
    found = failed(home, prove_outcomes)
    broken = "the outcome's edges" if edge == "_end" else "the outcome's own window"
    assert found[broken].changes[0].column == "label"


def test_a_label_given_too_early_is_found(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        labels_compile, "immature", lambda known, cohort, until: pd.Series(False, index=known.index)
    )
    assert set(failed(home, prove_outcomes)) == {"immature outcomes"}


def test_a_look_up_that_was_overwritten_with_the_outcome_is_named_and_suspected(
    tmp_path: Path,
) -> None:
    """No computation can see that `people.status` was written after the customer had bought: it has no time."""
    tables = shop_tables()
    began = tables["visits"]["at"].dt.tz_localize(None)
    first = pd.to_datetime(["2025-03-01", "2025-04-01"]) + pd.Timedelta(2, "D")
    hit = [
        set(tables["visits"].loc[(began >= f) & (began < f + pd.Timedelta(20, "D")), "customer"])
        for f in first
    ]
    always, never = hit[0] & hit[1], set(range(1, CUSTOMERS + 1)) - (hit[0] | hit[1])
    people = tables["people"]
    people["status"] = np.select(
        [people["customer"].isin(always), people["customer"].isin(never)], ["active", "closed"], "open"
    )
    home = shop(
        tmp_path,
        tables=TABLES,
        features=FEATURES + "status: {attribute: people.status}\n",
        labels=LABELS,
        **tables,
    )
    found = proofs(home)
    assert found["people.*"].code == "WB-V10"
    assert "(status, town)" in found["people.*"].done
    suspect = found["columns proven only by word"]
    assert suspect.status in ("warn", "failed")
    assert "'status'" in suspect.done


def test_the_command_says_what_failed_and_exits_with_3(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        labels_compile, "immature", lambda known, cohort, until: pd.Series(False, index=known.index)
    )
    run = CliRunner().invoke(app, ["check", "shop/buys", "--prove", "--json", "--home", str(home.path)])
    assert run.exit_code == 3
    told = json.loads(run.stdout)
    assert not told["ok"] and not told["proof"]["ok"]
    (task,) = told["proof"]["tasks"]
    assert task["task"] == "shop/buys"
    assert [p["code"] for p in task["proofs"] if p["status"] == "failed"] == ["WB-V09"]


def test_what_cannot_be_used_is_not_proven(tmp_path: Path) -> None:
    home = shop(tmp_path, tables=TABLES, features=FEATURES, labels=LABELS, **shop_tables())
    (tmp_path / "feature_defs/shop/products.parquet").unlink()
    run = CliRunner().invoke(app, ["check", "shop", "--prove", "--json", "--home", str(home.path)])
    assert run.exit_code == 3
    assert json.loads(run.stdout)["proof"] is None


def test_a_failed_proof_reads_as_one_line_and_what_changed() -> None:
    change = Change("spend_sum_30d", {"customer": 7}, "2025-03-01 00:00:00", 12.5, 20.0, rows=3)
    proof = Proof("the future deleted", "WB-V01", "failed", "9 rows deleted", changes=(change,))
    assert ProofReport("shop", {"shop/buys": (proof,)}).lines() == [
        "shop/buys: 1 of 1 proofs FAILED",
        "  failed     WB-V01 the future deleted: 9 rows deleted",
        "                       spend_sum_30d: 12.5 became 20.0 for customer 7 as of 2025-03-01 00:00:00 (3 rows)",
    ]
