"""Whether a file is still the one that was read: its size, its times and its content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import DataError

_WHOLE = 4 << 20  # up to this size the whole content is hashed
_BLOCK = 1 << 18  # of a larger file: blocks of this size ...
_BLOCKS = 12  # ... so many, evenly spread, with its beginning and its end among them


@dataclass(frozen=True)
class FileState:
    """One file at one moment. Two states are equal only if nothing was written in between."""

    path: Path
    size: int
    mtime_ns: int
    inode: int
    content: str

    @classmethod
    def of(cls, path: Path) -> FileState:
        """The file's state now; a missing file has one too (size -1), so that its vanishing is a change."""
        try:
            with path.open("rb") as stream:
                found = path.stat()
                digest = hashlib.sha256()
                if found.st_size <= _WHOLE:
                    digest.update(stream.read())
                else:
                    last = found.st_size - _BLOCK
                    for number in range(_BLOCKS):
                        stream.seek(last * number // (_BLOCKS - 1))
                        digest.update(stream.read(_BLOCK))
        except FileNotFoundError:
            return cls(path, -1, 0, 0, "")
        return cls(path, found.st_size, found.st_mtime_ns, found.st_ino, digest.hexdigest())


@dataclass(frozen=True)
class SourceState:
    """The files of one source at one moment."""

    files: tuple[FileState, ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> SourceState:
        return cls(tuple(FileState.of(p) for p in paths))

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for names, sizes and contents.

        Times are left out, so that a copy of the same data has the same fingerprint. Of a file beyond 4 MB twelve
        blocks are looked at, its beginning and its end among them.
        """
        told = "\n".join(f"{f.path.name} {f.size} {f.content}" for f in self.files)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def refuse_if_changed(self, what: str) -> None:
        """Raises DataError WB-T25 if a file of the source was written, replaced or removed since."""
        for before in self.files:
            if FileState.of(before.path) != before:
                raise DataError(
                    "WB-T25",
                    f"{what}: '{before.path.name}' changed while it was being read.",
                    "Read it again once it is written completely; give readers a finished copy.",
                )
