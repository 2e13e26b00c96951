"""Docs that cannot rot: every command, setting and code is documented, and what is documented exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from workbench.cli import app

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"\bWB-[A-Z]\d\d\b")


def verbs() -> list[str]:
    root = typer.main.get_command(app)
    found = []
    for name, command in root.commands.items():  # ty: ignore[unresolved-attribute]
        inner = getattr(command, "commands", None)
        found += [f"{name} {sub}" for sub in inner] if inner else [name]
    return found


def sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workbench").rglob("*.py")))


@pytest.mark.parametrize("verb", verbs())
def test_every_command_is_documented(verb: str) -> None:
    group, _, sub = verb.partition(" ")
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"workbench {group}" in text
    assert not sub or re.search(rf"workbench {group} [a-z\\|]*{sub}", text), verb


def test_every_code_is_documented_and_every_documented_code_exists() -> None:
    raised = set(CODE.findall(sources()))
    documented = set(CODE.findall((ROOT / "docs" / "codes.md").read_text(encoding="utf-8")))
    assert raised - documented == set(), "raised, but not in docs/codes.md"
    assert documented - raised == set(), "in docs/codes.md, but never raised"


def test_every_setting_is_documented() -> None:
    asked = set(re.findall(r"\b(WORKBENCH_[A-Z_]+)\b", sources()))
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert {name for name in asked if name not in text} == set()


def test_readme_shows_the_two_commands_and_only_commands_that_exist() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    fences = "\n".join(re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S))
    assert "make demo" in fences and "make test" in fences
    known = {verb.split()[0] for verb in verbs()}
    used = set(re.findall(r"^workbench (\w+)", fences, re.M))
    assert used <= known, used - known


def test_links_between_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"
