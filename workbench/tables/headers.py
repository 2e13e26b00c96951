"""The names of a table's columns: clean, unique, and the same whenever the same header is read."""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f\ufeff\u200b]+")


def clean_name(name: object) -> str:
    """One column's name without blanks at its ends; line breaks and other unseen characters become one blank.

    >>> clean_name(" monthly\\nincome ")
    'monthly income'
    """
    return _UNSEEN.sub(" ", str(name)).strip()


def column_names(names: Iterable[object]) -> list[str]:
    """The names under which a table's columns are known.

    A name that comes twice becomes "name" and "name.2"; a column without a name is called after its place,
    "column_3". The rule looks at the header alone, so training and scoring agree on it.

    >>> column_names(["age", "", "age", "age.2"])
    ['age', 'column_2', 'age.3', 'age.2']
    """
    cleaned = [clean_name(n) or f"column_{place}" for place, n in enumerate(names, start=1)]
    taken = set(cleaned)
    seen: set[str] = set()
    unique = []
    for name in cleaned:
        if name in seen:
            number = 2
            while f"{name}.{number}" in taken:
                number += 1
            name = f"{name}.{number}"
            taken.add(name)
        seen.add(name)
        unique.append(name)
    return unique


def named_twice(names: Iterable[object]) -> tuple[str, ...]:
    """A note for each name that stands over more than one column.

    >>> named_twice(["id", "a", "a"])
    ("2 columns are called 'a': the later ones are 'a.2' here.",)
    """
    cleaned = [clean_name(n) for n in names]
    known = column_names(cleaned)
    notes = []
    for name in dict.fromkeys(n for n in cleaned if n and cleaned.count(n) > 1):
        later = [k for k, n in zip(known, cleaned, strict=True) if n == name][1:]
        notes.append(
            f"{len(later) + 1} columns are called '{name}': the later ones are {listed(later)} here."
        )
    return tuple(notes)


def listed(names: Iterable[object], *, shown: int = 5) -> str:
    """Names for a sentence: "'a', 'b'", with the rest as a count."""
    quoted = [f"'{n}'" for n in names]
    if len(quoted) <= shown:
        return ", ".join(quoted)
    return f"{', '.join(quoted[:shown])} and {len(quoted) - shown} more"
