"""From the bytes of a file to its text: which encoding, and whether it is text at all."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zlib
from pathlib import Path

from workbench.errors import DataError

ENCODINGS = (
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "gb18030",
    "gbk",
    "gb2312",
    "big5",
    "cp950",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "cp1250",
    "cp1251",
    "cp1252",
    "latin-1",
)  # what `encoding:` may state
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "big5": "cp950"}  # read with the larger set of the same kind
MOST_UNPACKED = 2 << 30  # bytes of text that a gzip file may unpack to
_STEP = 16 << 20

ACCEPTED = (
    "a table is a CSV file (whatever its separator; gzip allowed), a Parquet file or an Excel .xlsx file"
)

_BOMS = (  # the four-byte marks first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_FOREIGN = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Excel .xls or Word file; save it as .xlsx or CSV"),
    (b"SQLite format 3", "a SQLite database"),
    (b"ARROW1", "an Arrow/Feather file; save it as Parquet"),
    (b"ORC", "an ORC file; save it as Parquet"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"PK\x03\x04", "a ZIP archive; unpack it first"),
)


def not_a_table(path: Path, what: str) -> DataError:
    """The refusal of a file that holds something else."""
    return DataError(
        "WB-T63", f"'{path.name}' is not a table: it is {what}.", f"Give another file: {ACCEPTED}."
    )


def damaged(path: Path, what: str) -> DataError:
    """The refusal of a file that breaks off or does not hold what its first bytes promise."""
    return DataError(
        "WB-T69", f"'{path.name}' is damaged: {what}.", "Copy or export the file again; it may be cut short."
    )


def canonical(name: str) -> str | None:
    """The encoding as we call it, however it is spelled (GBK, utf8, UTF_16 LE); None if it is none that tables have."""
    try:
        wanted = codecs.lookup(name.strip().replace(" ", "-")).name
    except (LookupError, ValueError):
        return None
    return next((known for known in ENCODINGS if codecs.lookup(known).name == wanted), None)


def unzipped(path: Path, data: bytes) -> bytes:
    """The bytes themselves, unpacked if they are gzip (told by content, not by the file's name).

    Raises WB-T69 where the stream is damaged, WB-T71 where it unpacks to more than `MOST_UNPACKED` bytes: never more
    than that is held.
    """
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacked = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while piece := stream.read(_STEP):
                if unpacked.tell() + len(piece) > MOST_UNPACKED:
                    raise too_large(path, f"it unpacks from {len(data):,} bytes to", MOST_UNPACKED)
                unpacked.write(piece)
    except (OSError, EOFError, zlib.error) as exc:
        raise damaged(path, "the gzip stream cannot be unpacked") from exc
    return unpacked.getvalue()


def too_large(path: Path, what: str, limit: int) -> DataError:
    """The refusal of a small file that would fill the memory."""
    return DataError(
        "WB-T71",
        f"'{path.name}' is not read: {what} more than {limit:,} bytes.",
        "If it is no attack, save the table as Parquet, or cut it into several files.",
    )


def decoded(
    path: Path, data: bytes, *, stated: str | None = None, separator: str | None = None
) -> tuple[bytes, str]:
    """The text as UTF-8 without a byte-order mark, and the name of the encoding it was found in or is `stated` to have.

    Tried in turn: a byte-order mark; UTF-16 without one (every other byte zero); UTF-8; then GB18030 and Big5, of
    which the one wins that makes more of the text everyday characters; then Windows-1252. Bytes that are none of
    these, or hold control characters as no table does, are refused with WB-T63.
    """
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise not_a_table(path, what)
    encoding = _encoding(path, data) if stated is None else _stated(data, stated)
    try:
        text = data if encoding == "utf-8" else data.decode(_WIDER.get(encoding, encoding)).encode("utf-8")
        if stated is not None and encoding == "utf-8":
            data.decode(encoding)  # found out it would have been looked at, stated it was not
    except UnicodeDecodeError as exc:
        if stated is not None:
            raise DataError(
                "WB-T72",
                f"'{path.name}' cannot be read as {stated}, which its `encoding:` states (byte {exc.start:,}).",
                "Correct `encoding:`, or leave it out: UTF-8, UTF-16, GB18030 and Big5 are told apart.",
            ) from exc
        raise damaged(path, f"it begins as {encoding} text, but not all of it can be read as such") from exc
    _refuse_other_text(path, text[: 1 << 16], separator)
    return text, encoding


def _stated(data: bytes, stated: str) -> str:
    """The stated encoding; a byte-order mark says which UTF it is."""
    mark = next((encoding for mark, encoding in _BOMS if data.startswith(mark)), None)
    if mark is not None and stated.startswith("utf"):
        return mark
    return "utf-16-le" if stated == "utf-16" else stated


def _encoding(path: Path, data: bytes) -> str:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    head = data[: 1 << 16]
    if b"\x00" in head:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) > 0.2 * len(head) and min(even, odd) < 0.05 * len(head):
            return "utf-16-be" if even > odd else "utf-16-le"
        raise not_a_table(path, "binary data")
    if _reads_as(data, "utf-8"):
        return "utf-8"
    shares = {e: _everyday_share(data, e) for e in ("gb18030", "big5")}
    best = max(shares, key=lambda e: shares[e])  # the first of equals: GB18030 is the commoner
    if shares[best] > 0.5:
        return best
    if _reads_as(data, "cp1252"):
        return "cp1252"
    raise not_a_table(path, "binary data or text in an unknown encoding")


def _reads_as(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _everyday_share(data: bytes, encoding: str) -> float:
    """Of the characters beyond ASCII, the share on the encoding's list of everyday characters; -1 if unreadable.

    GB2312 keeps its 3,755 everyday characters at lead bytes B0-D7 with trail bytes from A1, Big5 its 5,401 at A4-C6;
    both keep punctuation right before. Text of the one read as the other falls off these lists.
    """
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return -1.0
    beyond = [c for c in text if ord(c) > 127][:5000]
    everyday = 0
    for char in beyond:
        code = char.encode(encoding)
        if len(code) != 2:
            continue
        if encoding == "big5":
            everyday += 0xA1 <= code[0] <= 0xC6
        else:
            everyday += code[1] >= 0xA1 and (0xB0 <= code[0] <= 0xD7 or 0xA1 <= code[0] <= 0xA3)
    return everyday / max(len(beyond), 1)


def _refuse_other_text(path: Path, head: bytes, separator: str | None) -> None:
    """Refuse text that is no table: control characters (but for those that separate), a web page, JSON."""
    for separating in {"\x01", separator or ""} - {""}:  # Hive's own separator
        head = head.replace(separating.encode(), b",")
    controls = sum(head.count(bytes([c])) for c in (*range(1, 9), *range(14, 27), 28, 29, 30, 31, 127))
    if controls > 0.002 * len(head) + 1:
        raise not_a_table(path, "binary data")
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<svg")):
        raise not_a_table(path, "a web page or XML")
    if start.startswith((b"{", b"[")) and _is_json(head):
        raise not_a_table(path, "JSON")


def _is_json(head: bytes) -> bool:
    """Whether the text is JSON, or the beginning of it: a bracket alone may well begin a column's name."""
    text = head.decode("utf-8", errors="ignore").lstrip()
    first = text.splitlines()[0].rstrip().rstrip(",")
    try:
        json.loads(text)
    except json.JSONDecodeError:
        pass
    else:
        return True
    try:
        return isinstance(json.loads(first), dict | list)  # JSON lines
    except json.JSONDecodeError:
        rest = text[1:].lstrip()
        return rest.startswith(('{"', '["')) or (text[0] == "{" and rest.startswith('"'))
