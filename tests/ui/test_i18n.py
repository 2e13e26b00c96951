"""Both languages say the same things, with the same places to fill in, and nothing that nobody says."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from workbench.ui.i18n import LANGUAGES, catalog, say

UI = Path(__file__).parents[2] / "workbench" / "ui"
# keys that are put together in the code: `view.t(f"verdict.{kind}")`, `view.word("state", ...)`
GROUPS = (
    "state.", "stage.", "kind.", "severity.", "excluded.", "metric.", "metric.help.", "column.grades.", "column.card.", "funnel.", "approval.",
    "role.", "verdict.", "results.tab.", "results.beeswarm", "results.waterfall", "modelers.column.", "data.column.", "funnel.column.",
    "list.column.", "approvals.column.", "approvals.subject.", "audience.who.", "audience.end.", "audience.share.", "audience.promise.", "audience.how_many.", "home.", "yield.",
)  # fmt: skip


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def source() -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(UI.rglob("*.py")))


def test_both_catalogs_have_the_same_keys_in_the_same_order() -> None:
    assert list(catalog("en")) == list(catalog("zh"))


@pytest.mark.parametrize("key", catalog("en"))
def test_both_sentences_have_the_same_places(key: str) -> None:
    english, chinese = catalog("en")[key], catalog("zh")[key]
    assert english.strip()
    assert places(english) == places(chinese)
    if re.search(r"[a-z]{4}", re.sub(r"\{.*?\}|`.*?`", "", english)) and english not in ("Brier score",):
        assert re.search(r"[\u4e00-\u9fff]", chinese), f"{key} is not in Chinese: {chinese}"


def test_every_key_that_the_code_names_exists() -> None:
    named = set(re.findall(r'(?:view\.t|teach\(view,|say\(language,)\s*\(?\s*[\'"]([a-z_.]+)[\'"]', source()))
    assert len(named) > 100
    assert named <= set(catalog("en")), named - set(catalog("en"))


def test_no_sentence_is_left_over() -> None:
    code = source()
    unused = [
        key
        for key in catalog("en")
        if f'"{key}"' not in code
        and f"'{key}'" not in code
        and not key.startswith(GROUPS)
        and not key.endswith((".title", ".action"))
    ]
    assert unused == []


def test_no_page_speaks_past_the_catalog() -> None:
    """A literal sentence handed to Streamlit would be in one language only."""
    spoken = re.findall(
        r'st\.(?:title|markdown|caption|info|warning|error|success|button|subheader|metric)\(\s*"([^"]+)"',
        source(),
    )
    assert [said for said in spoken if re.search("[a-z]{2}", said)] == []


def test_a_sentence_is_filled_in() -> None:
    assert say("en", "time.minutes", m=3, s=20) == "3 min 20 s"
    assert list(LANGUAGES) == ["en", "zh"]
