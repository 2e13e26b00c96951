"""A YAML file read strictly: one document, string keys, no key twice, and every complaint with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from workbench.errors import DefinitionError, did_you_mean


class _WrittenTwiceError(yaml.MarkedYAMLError):
    pass


class _NoSuchValueError(yaml.MarkedYAMLError):
    pass


# libyaml reads a thousand definitions in a tenth of a second, ten times as fast as Python does
class _Strict(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """A safe loader that refuses a key written twice instead of letting the later one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            name = str(key_node.value)
            line = key_node.start_mark.line + 1
            if name in seen:
                raise _WrittenTwiceError(
                    problem=f"'{name}' is written twice (first on line {seen[name]})",
                    problem_mark=key_node.start_mark,
                )
            seen[name] = line
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:  # PyYAML builds dates itself, and 2024-04-41 is none
            raise _NoSuchValueError(
                problem=f"{str(node.value)[:60]!r} cannot be ({error})", problem_mark=node.start_mark
            ) from error


@dataclass(frozen=True)
class YamlFile:
    """The content of a definition file and the line on which each of its entries begins."""

    path: Path
    content: dict[str, Any]
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def where(self, *keys: str) -> str:
        """`features.yaml, line 12` for the nearest known entry above `keys`."""
        for size in range(len(keys), 0, -1):
            if keys[:size] in self.lines:
                return f"{self.path.name}, line {self.lines[keys[:size]]}"
        return self.path.name

    def places(self, *keys: str) -> Callable[[int], str]:
        """Where the entries of the list below `keys` begin, by their number from 0 on."""
        return lambda place: self.where(*keys, str(place))


def read_yaml(path: Path) -> YamlFile:
    """The file's mapping with line numbers. Raises WB-T01 (missing, unreadable or not a mapping) with the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DefinitionError(
            "WB-T01",
            f"there is no file {path.name} in {path.parent.name}/.",
            "Create it or correct the dataset's name.",
        ) from None
    except UnicodeDecodeError as error:
        raise DefinitionError(
            "WB-T01", f"{path.name} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8."
        ) from error
    try:
        loader = _Strict(text)
        try:
            node = loader.get_single_node()
            content = loader.construct_document(node) if node is not None else {}
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _malformed(path, error) from error
    if not isinstance(content, dict):
        raise DefinitionError(
            "WB-T01",
            f"{path.name}, line 1: expected names with values (`name: ...`), got {_kind(content)}.",
            "Write one `name:` per entry.",
        )
    lines: dict[tuple[str, ...], int] = {}
    if isinstance(node, yaml.MappingNode):
        _collect_lines(node, (), lines)
    return YamlFile(path, {str(k): v for k, v in content.items()}, lines)


def expect_mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DefinitionError(
            "WB-T02",
            f"{where}: expected names with values (`name: ...`), got {_kind(value)}.",
            "Indent its settings below it.",
        )
    return {str(k): v for k, v in value.items()}


def expect_known(settings: dict[str, Any], allowed: tuple[str, ...], where: str) -> None:
    """Refuse a setting that nobody reads: a typing mistake must not be silently ignored."""
    for name in settings:
        if name not in allowed:
            raise DefinitionError(
                "WB-T02", f"{where}: no setting is called '{name}'.", did_you_mean(name, allowed, shown=30)
            )


def names(value: object, where: str) -> tuple[str, ...]:
    """One name or a list of names as a tuple."""
    if value is None:
        return ()
    if isinstance(value, list):
        if not all(isinstance(v, str | int) for v in value):
            raise DefinitionError(
                "WB-T02", f"{where}: expected a list of names, got {value!r}.", "Write [a, b]."
            )
        return tuple(str(v) for v in value)
    if isinstance(value, str):
        return (value,)
    raise DefinitionError(
        "WB-T02", f"{where}: expected a name or a list of names, got {value!r}.", "Write a name or [a, b]."
    )


def _collect_lines(node: yaml.MappingNode, above: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    for key_node, value_node in node.value:
        path = (*above, str(key_node.value))
        lines[path] = key_node.start_mark.line + 1
        if isinstance(value_node, yaml.MappingNode):
            _collect_lines(value_node, path, lines)
        elif isinstance(value_node, yaml.SequenceNode):
            for place, item in enumerate(value_node.value):
                lines[*path, str(place)] = item.start_mark.line + 1


def _malformed(path: Path, error: yaml.YAMLError) -> DefinitionError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = f", line {mark.line + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or str(error).splitlines()[0]
    if isinstance(error, _WrittenTwiceError):
        return DefinitionError(
            "WB-T01", f"{path.name}{line}: {problem}.", "Give one of the two another name, or take it out."
        )
    if isinstance(error, _NoSuchValueError):
        return DefinitionError(
            "WB-T01", f"{path.name}{line}: {problem}.", "Correct it: dates are YYYY-MM-DD."
        )
    return DefinitionError(
        "WB-T01",
        f"{path.name}{line}: this is not valid YAML: {problem}.",
        "Look at the line and the one above it: indentation, a missing colon or an unclosed quote.",
    )


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "nothing"}.get(type(value), repr(value))
