"""What each part of the search is worth: the same fits, blended with and without it, judged on test rows of development tables.

`python benchmarks/ablation.py` fits the portfolio and some rounds of local search on every fold of every development table
once, keeps all scores in `--out`, and compares recipes on them: paired, on the same fits and the same test rows. No judged
table is read. Small tables are random samples of large ones, judged on up to 20,000 of the other rows: there a difference of
a thousandth shows. Writes docs/benchmarks/ablation.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.search_figures.statistics import metrics_of  # noqa: E402
from benchmarks.search_figures.tables import TABLES, Loaded, NoTableError, Sources  # noqa: E402
from workbench.dataset.splits import cross_validation  # noqa: E402
from workbench.search.budget import Deadline  # noqa: E402
from workbench.search.calibration import calibrate, log_loss  # noqa: E402
from workbench.search.encoder import Encoder  # noqa: E402
from workbench.search.fitting import Fitter, Job  # noqa: E402
from workbench.search.flaml_search import near  # noqa: E402
from workbench.search.learners import LEARNERS, Config  # noqa: E402
from workbench.search.portfolio import PORTFOLIO  # noqa: E402
from workbench.search.selection import blend_weights  # noqa: E402
from workbench.search.study import Outcome, propose  # noqa: E402

_SLOT = 10.0  # seconds of one fit: about what a search of five minutes gives
_ROUNDS = 3  # of local search, of each method
SMALL = (
    ("telco_churn", 1500),
    ("adult", 1000),
    ("adult", 4000),
    ("bank_marketing", 3000),
    ("bank_response", 4000),
    ("bank_churn", 3000),
    ("bank_warning", 4000),
)
_TEST_ROWS = 20_000
_FAMILIES = ("lightgbm", "catboost", "xgboost")
_GREEDY_STEPS = 25
_GREEDY_LEAST = 0.06


def small(loaded: Loaded, rows: int, seed: int) -> Loaded:
    """`rows` rows at random to learn from, customer by customer where there are any, and up to 20,000 of others to judge."""
    frame = pd.concat([loaded.train, loaded.test], ignore_index=True)
    y = np.concatenate([loaded.y_train, loaded.y_test])
    rng = np.random.default_rng(1000 + seed)
    if loaded.entity_train is None or loaded.entity_test is None:
        who, order = None, rng.permutation(len(y))
        others = order[rows:]
    else:
        who = pd.factorize(np.concatenate([loaded.entity_train, loaded.entity_test]))[0]
        place = rng.permutation(who.max() + 1)[who]
        order = np.argsort(place, kind="stable")
        others = order[place[order] > place[order[rows - 1]]]
    train, test = np.sort(order[:rows]), np.sort(others[:_TEST_ROWS])
    useful = [c for c in frame if frame.loc[train, c].nunique(dropna=False) > 1]
    return Loaded(
        train=frame.loc[train, useful].reset_index(drop=True),
        test=frame.loc[test, useful].reset_index(drop=True),
        y_train=y[train],
        y_test=y[test],
        train_rows=train,
        test_rows=test,
        entity_train=None if who is None else who[train],
        entity_test=None if who is None else who[test],
    )


@dataclass
class Bank:
    """All fits of one table and split: out-of-fold and test log-odds by candidate."""

    y: np.ndarray
    y_test: np.ndarray
    names: list[str] = field(default_factory=list)
    families: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)  # portfolio, flow2 or tpe
    seconds: list[float] = field(default_factory=list)
    held: list[np.ndarray] = field(default_factory=list)  # (rows,)
    test: list[np.ndarray] = field(default_factory=list)  # (test rows,)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            y=self.y,
            y_test=self.y_test,
            names=np.array(self.names),
            families=np.array(self.families),
            origins=np.array(self.origins),
            seconds=np.array(self.seconds),
            held=np.stack(self.held).astype(np.float32),
            test=np.stack(self.test).astype(np.float32),
        )
        part.replace(path)

    @classmethod
    def load(cls, path: Path) -> Bank:
        with np.load(path, allow_pickle=False) as kept:
            return cls(
                kept["y"],
                kept["y_test"],
                kept["names"].tolist(),
                kept["families"].tolist(),
                kept["origins"].tolist(),
                kept["seconds"].tolist(),
                list(kept["held"].astype(np.float64)),
                list(kept["test"].astype(np.float64)),
            )


def fill(loaded: Loaded, *, seed: int, more: Sequence[Config] = ()) -> Bank:
    """Every candidate on every fold; local search starts from the portfolio."""
    encoder = Encoder.fit(loaded.train)
    data, test = encoder.transform(loaded.train), encoder.transform(loaded.test)
    y = loaded.y_train.astype(np.float64)
    folds = cross_validation(loaded.y_train, loaded.entity_train, seed=seed, columns=data.width)
    fitter = Fitter(data, y, folds, seed=seed)
    bank = Bank(y, loaded.y_test)

    def one(config: Config, fold: int) -> tuple[np.ndarray, np.ndarray, float]:
        made = fitter.fit(Job(config, fold, config.params, _SLOT), Deadline.after(None))
        return made.log_odds, made.model.log_odds(test, threads=1), made.seconds

    def add(configs: Sequence[Config], origin: str) -> list[Outcome]:
        outcomes = []
        with ThreadPoolExecutor(2) as pool:
            asked = {(c.id, f): pool.submit(one, c, f) for c in configs for f in range(len(folds))}
        for config in configs:
            parts = [asked[config.id, f].result() for f in range(len(folds))]
            held = np.full(len(y), np.nan)
            for (_, valid), (log_odds, _, _) in zip(folds, parts, strict=True):
                held[valid] = log_odds
            bank.names.append(config.label)
            bank.families.append(config.family)
            bank.origins.append(origin)
            bank.seconds.append(sum(seconds for _, _, seconds in parts))
            bank.held.append(held)
            bank.test.append(np.mean([scores for _, scores, _ in parts], axis=0))
            seen = ~np.isnan(held)
            outcomes.append(Outcome(config, log_loss(y[seen], held[seen])))
        return outcomes

    start = add([*PORTFOLIO, *more], "portfolio")
    for origin, ask in (("tpe", propose), ("flow2", near)):
        known = list(start)
        for turn in range(_ROUNDS):
            fresh = [c for f in _FAMILIES for c in ask(f, known, 1, seed=seed + turn)]
            known += add([c for c in fresh if c.id not in {o.config.id for o in known}], origin)
    return bank


def greedy_weights(
    y: np.ndarray,
    candidates: np.ndarray,
    *,
    max_members: int = 6,
) -> np.ndarray:
    """Weights (summing to 1) of the blend of `candidates` (members x rows, log-odds) with the least log-loss.

    Greedy selection with replacement (Caruana et al., "Ensemble selection from libraries of models", 2004): each
    step adds the candidate that lowers the blend's log-loss most; the best step is kept. Small weights are dropped.
    """
    counts = np.zeros(len(candidates))
    total = np.zeros(candidates.shape[1])
    best_loss, best_counts = float("inf"), counts
    for step in range(1, _GREEDY_STEPS + 1):
        full = np.count_nonzero(counts) >= max_members
        losses = [
            log_loss(y, (total + row) / step) if not full or counts[i] else float("inf")
            for i, row in enumerate(candidates)
        ]
        chosen = int(np.argmin(losses))
        counts = counts.copy()
        counts[chosen] += 1
        total = total + candidates[chosen]
        if losses[chosen] < best_loss - 1e-7:
            best_loss, best_counts = losses[chosen], counts
    weights = best_counts / best_counts.sum()
    kept = np.where(weights >= _GREEDY_LEAST, weights, 0.0)
    if not kept.any():
        kept = np.where(weights == weights.max(), weights, 0.0)
    return kept / kept.sum()


Recipe = Callable[[Bank], np.ndarray]
"""From a bank to log-odds of the test rows."""

Weigh = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From labels and candidates' log-odds to weights."""


def recipe(
    keep: Callable[[Bank, int], bool] = lambda bank, i: True,
    *,
    calibrated: bool = True,
    weigh: Weigh = lambda y, scores: blend_weights(y, scores, seed=0),
) -> Recipe:
    def run(bank: Bank) -> np.ndarray:
        chosen = [i for i in range(len(bank.names)) if keep(bank, i)]
        held = np.stack([bank.held[i] for i in chosen])
        test = np.stack([bank.test[i] for i in chosen])
        seen = ~np.isnan(held).any(axis=0)
        y, held = bank.y[seen], held[:, seen]
        weights = weigh(y, held)
        return calibrate(y, weights @ held)(weights @ test) if calibrated else weights @ test

    return run


def _expit(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def best_alone(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    losses = [log_loss(y, s) for s in scores]
    return np.eye(len(scores))[int(np.argmin(losses))]


def best_equal(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    order = np.argsort([log_loss(y, s) for s in scores])[:5]
    return np.isin(np.arange(len(scores)), order) / len(order)


def resampled(turns: int, share: float) -> Weigh:
    """Greedy weights averaged over resamples of the rows and parts of the candidates (Caruana et al., 2006)."""

    def weigh(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(0)
        total = np.zeros(len(scores))
        for _ in range(turns):
            rows = rng.integers(0, len(y), min(len(y), 20_000))
            part = np.sort(rng.permutation(len(scores))[: max(2, round(share * len(scores)))])
            total[part] += greedy_weights(y[rows], scores[part][:, rows], max_members=25)
        kept = np.where(total >= np.sort(total)[-10:][0], total, 0.0)
        return kept / kept.sum()

    return weigh


FULL = "the recipe"
RECIPES: dict[str, Recipe] = {
    FULL: recipe(),
    **{f"without {f}": recipe(lambda b, i, f=f: b.families[i] != f) for f in LEARNERS},
    "without local search": recipe(lambda b, i: b.origins[i] == "portfolio"),
    "without TPE (Optuna)": recipe(lambda b, i: b.origins[i] != "tpe"),
    "without FLOW2 (FLAML)": recipe(lambda b, i: b.origins[i] != "flow2"),
    "without calibration": recipe(calibrated=False),
    "greedy, at most 6 members": recipe(weigh=lambda y, s: greedy_weights(y, s)),
    "greedy, at most 25 members": recipe(weigh=lambda y, s: greedy_weights(y, s, max_members=25)),
    "greedy on 20 resamples of rows and half the candidates": recipe(weigh=resampled(20, 0.5)),
    "the best five, equal weights": recipe(weigh=best_equal),
    "all, equal weights": recipe(weigh=lambda y, s: np.full(len(s), 1 / len(s))),
    "the best candidate alone": recipe(weigh=best_alone),
    "the floor alone": recipe(lambda b, i: i == 0),
}


def compare(banks: dict[str, list[Bank]]) -> list[dict[str, Any]]:
    """Per recipe the mean difference to the full one over tables, its standard error over tables and splits, and wins."""
    figures = {
        name: {t: [metrics_of(b.y_test, _expit(run(b))) for b in bs] for t, bs in banks.items()}
        for name, run in RECIPES.items()
    }
    lines = []
    for name, by_table in figures.items():
        line: dict[str, Any] = {"recipe": name}
        for metric in ("auc", "logloss"):
            gaps = {
                t: [a[metric] - b[metric] for a, b in zip(found, figures[FULL][t], strict=True)]
                for t, found in by_table.items()
            }
            per_table = np.array([np.mean(g) for g in gaps.values()])
            line[metric] = float(np.mean([m[metric] for found in by_table.values() for m in found]))
            line[f"{metric}_gap"] = float(per_table.mean())
            line[f"{metric}_error"] = float(per_table.std(ddof=1) / np.sqrt(len(per_table))) if len(per_table) > 1 else np.nan  # fmt: skip
            line[f"{metric}_worst"] = float(per_table.min() if metric == "auc" else per_table.max())
        lines.append(line)
    return lines


def markdown(banks: dict[str, list[Bank]], command: str) -> str:
    parts = [
        "# What each part of the search is worth",
        "",
        f"{date.today():%Y-%m-%d}, Python {platform.python_version()}, two cores. Command: `{command}`.",
        "",
        "All recipes use the same fits; only blending differs. A gap is the recipe's figure less the full recipe's, averaged over tables, with its standard error over tables; worst is the table where it costs most. "
        "For AUC below zero, for log-loss above zero, the part that was taken away earns its place.",
    ]
    kinds = {
        "Development tables as they are": False,
        "Random samples of them, judged on the rows left over": True,
    }
    for title, sampled in kinds.items():
        chosen = {name: bs for name, bs in banks.items() if ("@" in name) == sampled}
        if not chosen:
            continue
        rows = [
            f"| {n['recipe']} | {n['auc']:.4f} | {n['auc_gap']:+.4f} ± {n['auc_error']:.4f} | {n['auc_worst']:+.4f} "
            f"| {n['logloss']:.4f} | {n['logloss_gap']:+.4f} ± {n['logloss_error']:.4f} | {n['logloss_worst']:+.4f} |"
            for n in compare(chosen)
        ]
        splits = ", ".join(f"{name} ({len(bs)})" for name, bs in chosen.items())
        parts += ["", f"## {title}", "", f"Tables (splits): {splits}.", ""]
        parts += [
            "| recipe | AUC | gap | worst | log-loss | gap | worst |",
            "|---|---|---|---|---|---|---|",
            *rows,
        ]
    return "\n".join([*parts, ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    development = [t.name for t in TABLES.values() if not t.judged]
    names = [*development, *(f"{name}@{rows}" for name, rows in SMALL)]
    parser.add_argument("--tables", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, default=2, help="splits of tables that are parted at random")
    parser.add_argument("--data", type=Path, default=os.environ.get("WORKBENCH_DATA"))
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "benchmarks" / "ablation")
    parser.add_argument("--made", type=Path, help="folder of made tables; default: inside --out")
    parser.add_argument("--report-only", action="store_true", help="fit nothing")
    asked = parser.parse_args()
    for learner in LEARNERS.values():
        learner.prepare()
    sources = Sources(
        None if asked.data is None else asked.data.absolute(), (asked.made or asked.out / "made").absolute()
    )
    banks: dict[str, list[Bank]] = {}
    for name in asked.tables:
        source, _, rows = name.partition("@")
        table = TABLES[source]
        for seed in range(asked.seeds if rows or table.seeded else 1):
            path = asked.out / f"{name}-{seed}.npz"
            if not path.exists() and not asked.report_only:
                try:
                    loaded = table.load(sources, 0 if rows else seed)
                except NoTableError as error:
                    print(f"{name} is left out: {error}", file=sys.stderr)
                    break
                start = time.monotonic()
                fill(small(loaded, int(rows), seed) if rows else loaded, seed=seed).save(path)
                print(f"{name}, split {seed}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
            if path.exists():
                banks.setdefault(name, []).append(Bank.load(path))
    text = markdown(banks, "python benchmarks/ablation.py")
    print(text)
    if set(banks) == set(names):
        (ROOT / "docs" / "benchmarks" / "ablation.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
