"""Proposed definitions: made from the tables, of what was known before the first cutoff, for a person to edit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.dataset.shop import LABELS, TABLES, orders, shop
from workbench.cli import main
from workbench.config import Home
from workbench.dataset.build import build_training_frame
from workbench.dataset.checks import check_dataset
from workbench.dataset.proposal import write_proposal
from workbench.errors import DefinitionError, UsageError
from workbench.features.files import parse_features
from workbench.tables.yaml_file import read_yaml

# the first cutoff is 2025-03-01, and orders are known a day late
LATER = "2025-02-28"


def rich_orders(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    base = orders()
    many = pd.concat([base] * 4, ignore_index=True)
    return many.assign(
        amount=rng.gamma(2, 10, len(many)).round(2) * np.where(rng.random(len(many)) < 0.05, -1, 1),
        basket_no=np.arange(len(many)) // 3 + 100_000,
        channel=rng.choice(["Web", "店内", "App", "Phone"], len(many), p=[0.5, 0.3, 0.15, 0.05]),
        day_number=(many["at"] - many["at"].min()).dt.days,
        brand="x",
        note=[f"note {i}" for i in range(len(many))],
        delivered=many["at"] + pd.Timedelta(2, "D"),
        at=many["at"] + pd.to_timedelta(rng.integers(8, 20, len(many)), "h"),
    )


def products() -> pd.DataFrame:
    return pd.DataFrame({"product": ["t", "b"], "aisle": ["tea", "bread"], "weight": [1.0, 2.0]})


def propose(folder: Path, label: str | None = "buys", **settings: object) -> tuple[Home, dict]:
    frames = {"orders": rich_orders(), "products": products()}
    frames |= settings.pop("frames", {})  # ty: ignore[no-matching-overload]
    home = shop(folder, **settings, **frames)  # ty: ignore[invalid-argument-type]
    (home.feature_defs / "shop" / "features.yaml").unlink()
    made = write_proposal(home, "shop", label=label)
    return home, yaml.safe_load(made.out.read_text(encoding="utf-8"))


@pytest.mark.parametrize("label", ["buys", "answers", None])
def test_a_proposal_loads_passes_check_and_computes(tmp_path: Path, label: str | None) -> None:
    home, _ = propose(tmp_path, label)
    folder = home.feature_defs / "shop"
    assert not (folder / "features.yaml").exists()
    (folder / "features.proposed.yaml").rename(folder / "features.yaml")
    report = check_dataset(home, "shop")
    assert [f for f in report.findings if f.severity == "stop" and f.code != "WB-L08"] == []
    for task in ("shop/buys", "shop/answers"):
        frame = build_training_frame(home, task)
        assert len(frame.features) > 20
        for name in frame.features:
            assert frame.sentences[name].en
            assert frame.sentences[name].zh


def test_before_any_feature_is_written_check_warns_and_training_says_how_to_begin(tmp_path: Path) -> None:
    home, _ = propose(tmp_path)  # which leaves no features.yaml
    found = [f for f in check_dataset(home, "shop", label="buys").findings if f.code == "WB-F33"]
    assert [f.severity for f in found] == ["warn"]
    with pytest.raises(DefinitionError, match="WB-F33.*features propose shop/buys"):
        build_training_frame(home, "shop/buys")


def test_columns_are_used_for_what_they_are(tmp_path: Path) -> None:
    _, written = propose(tmp_path)
    by_value: dict[str, set[str]] = {}
    for settings in written.values():
        if settings.get("from") == "orders" and "value" in settings and "where" not in settings:
            by_value.setdefault(settings["value"], set()).update(settings["aggregate"])
    assert by_value["basket_no"] == {"distinct"}  # an identifier is only counted
    assert by_value["product"] <= {"distinct", "top_share"}
    assert {"sum", "mean", "std", "trend", "decayed_sum"} <= by_value["amount"]
    assert {"count", "share", "distinct", "entropy"} <= by_value["channel"]
    assert by_value["products.weight"] == {"mean", "max"}
    assert "products.aisle" in by_value
    text = json.dumps(written, ensure_ascii=False)
    for unused in ("day_number", "brand", "note", "delivered", "age"):
        assert unused not in by_value
        assert f'"{unused}"' not in text
    assert written["orders_channel"]["levels"] == ["Web", "店内", "App", "Phone"]
    assert written["town"] == {"attribute": "people.town", "noun": {"en": "town", "zh": "城镇"}}


def test_each_column_left_out_has_its_reason(tmp_path: Path) -> None:
    home = shop(tmp_path, orders=rich_orders(), products=products())
    made = write_proposal(home, "shop", label="buys")
    reason = {c: r for r, columns in made.left_out.items() for c in columns}
    assert reason["day_number"] == "rises with the time itself"
    assert reason["brand"] == "always the same"
    assert reason["note"].startswith("different on every row")
    assert reason["delivered"].startswith("a second time")
    assert reason["age"] == "sensitive"
    assert all(f"{c}" in made.out.read_text(encoding="utf-8") for c in reason)


def test_the_future_changes_nothing_in_a_proposal(tmp_path: Path) -> None:
    """Rows after the first cutoff bring a new level, other amounts and another rhythm: none of it is seen."""
    now = rich_orders()
    early = now[now["at"] < LATER]
    later = now[now["at"] >= LATER].assign(channel="Telex", amount=-1e6, brand="y", day_number=0, basket_no=1)
    _, before = propose(tmp_path / "a")
    _, after = propose(tmp_path / "b", frames={"orders": pd.concat([early, later], ignore_index=True)})
    assert after == before
    assert before["orders_channel"]["levels"] != []


def test_a_proposal_is_the_same_every_time_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    home, _ = propose(tmp_path / "a")
    other, _ = propose(
        tmp_path / "b", frames={"orders": rich_orders().sample(frac=1, random_state=1, ignore_index=True)}
    )
    texts = [
        (h.feature_defs / "shop" / "features.proposed.yaml").read_text(encoding="utf-8")
        for h in (home, other)
    ]
    assert texts[0] == texts[1]


def test_a_label_with_rows_of_its_own_brings_what_the_row_says(tmp_path: Path) -> None:
    _, written = propose(tmp_path, label="answers")
    assert written["row_days_to_ends"]["row"] == "days_between(sent, ends)"
    assert "mailings" in {s.get("from") for s in written.values()}


def test_where_nothing_was_known_yet_the_types_alone_decide(tmp_path: Path) -> None:
    """The first mailing went out before the first order."""
    home, written = propose(tmp_path, label="answers")
    text = (home.feature_defs / "shop" / "features.proposed.yaml").read_text(encoding="utf-8")
    assert "orders: nothing was known yet, so column types alone decide" in text
    assert written["orders_amount"]["aggregate"] == ["sum"]
    assert written["orders_basket_no"]["aggregate"] == ["distinct"]
    assert "levels" not in json.dumps(written)


def test_what_is_not_allowed_for_the_purpose_is_left_out(tmp_path: Path) -> None:
    home = shop(tmp_path, tables=TABLES.replace("allowed_for: [marketing]", "allowed_for: [risk]"))
    made = write_proposal(home, "shop", label="buys")
    assert made.left_out["a table that is not allowed for this purpose"] == ["people"]
    assert "attribute: people." not in made.out.read_text(encoding="utf-8")


def test_a_column_of_another_purpose_is_left_out_with_what_would_read_it(tmp_path: Path) -> None:
    rule = "event_time: at, known_after: 1d, columns: {amount: {allowed_for: [risk]}}"
    home = shop(
        tmp_path,
        tables=TABLES.replace("event_time: at, known_after: 1d", rule),
        orders=rich_orders(),
        products=products(),
    )
    made = write_proposal(home, "shop", label="buys")
    assert made.left_out["not allowed for marketing"] == ["orders.amount"]
    written = yaml.safe_load(made.out.read_text(encoding="utf-8"))
    assert "orders_basket_no" in written
    assert not any("amount" in json.dumps(s) for s in written.values())


def test_nothing_is_overwritten_unless_told(tmp_path: Path) -> None:
    home = shop(tmp_path, orders=rich_orders())
    features = home.feature_defs / "shop" / "features.yaml"
    before = features.read_bytes()
    first = write_proposal(home, "shop")
    assert first.out.name == "features.proposed.yaml"
    with pytest.raises(UsageError, match="WB-F32"):
        write_proposal(home, "shop")
    with pytest.raises(UsageError, match="WB-F32"):
        write_proposal(home, "shop", out=features)
    assert features.read_bytes() == before
    write_proposal(home, "shop", out=features, force=True)
    assert features.read_bytes() == first.out.read_bytes()


def test_at_most_so_many_columns_and_everything_that_is_read_is_there(tmp_path: Path) -> None:
    home = shop(tmp_path, orders=rich_orders())
    for most in (1, 5, 20, 60):
        made = write_proposal(home, "shop", most=most, force=True)
        features = parse_features(read_yaml(made.out))  # a ratio without its parts would not load
        assert sum(len(f.columns()) for f in features.values()) == made.columns <= most


def test_a_dataset_without_labels_is_proposed_from_all_rows(tmp_path: Path) -> None:
    home = shop(tmp_path, orders=rich_orders())
    (home.feature_defs / "shop" / "labels.yaml").unlink()
    made = write_proposal(home, "shop")
    assert made.known_before is None
    assert "there is no label yet" in made.out.read_text(encoding="utf-8")


def test_names_that_need_quotes_and_levels_that_clash_still_load(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    odd = rich_orders().rename(columns={"amount": "Unit Price €", "channel": "select"})
    odd["渠道"] = rng.choice(["A B", "a-b", "other", "甲"], len(odd))
    home, written = propose(tmp_path, frames={"orders": odd}, labels=LABELS)
    folder = home.feature_defs / "shop"
    (folder / "features.proposed.yaml").rename(folder / "features.yaml")
    frame = build_training_frame(home, "shop/buys")
    assert any("unit_price" in c for c in frame.features)
    assert any("渠道" in c for c in frame.features)
    levels = next(s["levels"] for s in written.values() if s.get("value") == '"渠道"' and "levels" in s)
    assert sorted(levels.values()) == ["A B", "a-b", "other", "甲"]


def test_the_command_lists_proposes_and_selects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = shop(tmp_path, orders=rich_orders())

    def run(*arguments: str) -> tuple[int, dict]:
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--json", "--home", str(home.path)])
        return int(left.value.code or 0), json.loads(capsys.readouterr().out)

    code, proposed = run("features", "propose", "shop", "--label", "buys", "--max", "30")
    assert (code, proposed["columns"] <= 30, proposed["known_before"]) == (0, True, "2025-03-01")
    code, listed = run("features", "list", "shop/buys")
    assert code == 0
    (town,) = [f for f in listed["features"] if f["column"] == "town"]
    assert town["say"] == {"en": "town of people", "zh": "人员的城镇"}
    assert town["source"] == "people"
    assert town["definition"] == {"attribute": "people.town"}
    assert set(town["labels"]) == {"buys", "answers"}
    code, told = run("features", "list", "shop", "--label", "buy")
    assert (code, told["error"]["code"]) == (2, "WB-U04")


def test_numbers_that_name_a_person_never_become_levels(tmp_path: Path) -> None:
    """Card numbers of the customers' table, and phone numbers on the orders under a name that says nothing."""
    people = pd.DataFrame(
        {
            "customer": ["a", "b", "c"],
            "卡号": ["6222021234567890" + x for x in ("01", "02", "03")],
            "town": ["York", "Hull", "York"],
            "age": [40, 50, 60],
        }
    )
    called = rich_orders().assign(
        zuletzt=lambda f: "138" + (f["product"] == "t").map({True: "00112233", False: "99887766"})
    )
    home, written = propose(tmp_path, frames={"people": people, "orders": called})
    text = (home.feature_defs / "shop" / "features.proposed.yaml").read_text(encoding="utf-8")
    assert "622202123456789" not in text
    assert "13800112233" not in text
    counted = [s for s in written.values() if s.get("value") == "zuletzt"]
    assert {a for s in counted for a in s["aggregate"]} <= {"distinct", "top_share"}
    assert not [
        s for s in written.values() if "people." in str(s.get("value"))
    ]  # her own columns are attributes
    assert written["town"]["attribute"] == "people.town"
