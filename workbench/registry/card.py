"""The model card: what a reader must know before trusting the model, as markdown made from the facts."""

from __future__ import annotations

from workbench.registry.facts import Facts

_KIND_SENTENCE = {
    "response": "how likely a customer is to respond to a contact",
    "conversion": "how likely a customer is to buy for the first time",
    "churn": "how likely a customer is to go quiet",
    "risk": "how likely a customer is to default",
}
_SHOWN = ("auc", "ks", "gini", "lift_10", "capture_20", "logloss", "brier", "ece")


def model_card(facts: Facts, *, version: int) -> str:
    """The card of one version: purpose, data, population, figures, limits."""
    budget = (
        f"{facts.trials} trials"
        if facts.budget_seconds is None and facts.trials is not None
        else f"{facts.budget_seconds:g} seconds"
        if facts.budget_seconds is not None
        else "not stated"
    )
    lines = [
        f"# {facts.name}, version {version}",
        "",
        f"**Purpose.** Says {_KIND_SENTENCE[facts.kind]}: the probability of `{facts.event_class}` "
        f"(against `{facts.other_class}`).",
        f"**Tier.** {facts.tier}"
        + ("; a validator signs before an approver releases it." if facts.tier == "credit" else "."),
        f"**Data.** {facts.train_rows:,} rows, event rate {facts.event_rate:.2%}"
        + (f", {facts.period}" if facts.period else "")
        + f"; fingerprint `{facts.fingerprint}`.",
        f"**Method.** A calibrated blend over {len(facts.features)} features; search budget {budget}, seed {facts.seed}.",
        f"**Trained.** {facts.created_at}" + (f" by {facts.trained_by}" if facts.trained_by else "") + ".",
        "",
        *_figures(facts),
        "**Limits.** Valid for customers like those it learned from; watch drift before each use. "
        "It says who, not what contacting them changes: only a hold-out measures that. Not for IRB or IFRS 9.",
    ]
    if facts.notes:
        lines += ["", "**Notes.**", *(f"- {note}" for note in facts.notes)]
    return "\n".join(lines) + "\n"


def _figures(facts: Facts) -> list[str]:
    parts = [p for p in ("test", "cv", "card") if f"{p}_auc" in facts.metrics]
    if not parts:
        return []
    rows = [
        f"| {name} | "
        + " | ".join(
            f"{facts.metrics[f'{p}_{name}']:.4f}" if f"{p}_{name}" in facts.metrics else "" for p in parts
        )
        + " |"
        for name in _SHOWN
        if any(f"{p}_{name}" in facts.metrics for p in parts)
    ]
    return ["| figure | " + " | ".join(parts) + " |", "|---|" + "---|" * len(parts), *rows, ""]
