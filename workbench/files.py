"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from workbench.errors import UsageError


@contextlib.contextmanager
def whole_file(target: Path) -> Generator[Path]:
    """A temporary path beside `target`; it takes the target's place when the block ends well, and vanishes otherwise."""
    part = _beside(target)
    try:
        yield part
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)  # mkstemp is 0600; a written file should look like any other
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def check_writable(target: Path) -> None:
    """Returns if a file can be written there. Raises UsageError WB-U14 before any work is lost on it."""
    _beside(target).unlink()


def _beside(target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=f".part{target.suffix}", dir=target.parent)
    except OSError as exc:
        raise UsageError(
            "WB-U14",
            f"'{target}' cannot be written: {exc.strerror or exc}.",
            "Name a file in a folder that exists and that you may write to.",
        ) from exc
    os.close(handle)
    if target.is_dir():
        Path(name).unlink()
        raise UsageError("WB-U14", f"'{target}' is a folder, not a file.", "Name a file in it.")
    return Path(name)


@contextlib.contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """Like `whole_file` for a folder; an existing target is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".", suffix=".part", dir=target.parent))
    try:
        yield part
        part.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=".", suffix=".old", dir=target.parent))
            target.replace(old / "was")
            part.replace(target)
            shutil.rmtree(old)
        else:
            part.replace(target)
    finally:
        if part.exists():
            shutil.rmtree(part)


def pack_folder(folder: Path) -> bytes:
    """A folder's files as one piece, to be sent elsewhere."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(folder, arcname=".")
    return packed.getvalue()


def unpack_folder(packed: bytes, target: Path) -> None:
    """Writes the files that `pack_folder` packed; what would lie outside `target` is refused."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar, whole_folder(target) as part:
        tar.extractall(part, filter="data")


def write_text(target: Path, text: str) -> None:
    with whole_file(target) as part:
        part.write_text(text, encoding="utf-8")


def write_json(target: Path, value: Any) -> None:
    write_text(target, json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n")


def read_json(source: Path) -> Any:
    return json.loads(source.read_text(encoding="utf-8"))


def sha256(source: Path) -> str:
    digest = hashlib.sha256()
    with source.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
