"""Who is held out: decided by a sticky hash of the customer, so that nobody changes arms."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from workbench.errors import UsageError

CONTACT, HOLDOUT = "contact", "holdout"


def identifiers(column: pd.Series) -> pd.Series:
    """Customer numbers as text, the same for 17, 17.0 and "17"; a missing one is None."""
    return pd.Series([_identifier(v) for v in column.tolist()], index=column.index, dtype=object)


def _identifier(value: object) -> str | None:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a number column with gaps is read as floats
    return str(value).strip() or None


def places(entities: pd.Series, *, salt: str) -> np.ndarray:
    """A number in [0, 1) per customer, from SHA-256 of salt and customer number: uniform, and the same for ever."""
    digests = (hashlib.sha256(f"{salt}\x1f{entity}".encode()).digest()[:8] for entity in entities)
    return np.frombuffer(b"".join(digests), dtype=">u8") / 2.0**64


def arms(entities: pd.Series, *, holdout_share: float, salt: str) -> np.ndarray:
    """`holdout` for those whose place is below the share, else `contact`.

    A larger share later only adds to the held-out. Raises UsageError WB-A14 for a share outside 0 to 0.5.
    """
    if not 0 <= holdout_share <= 0.5:
        raise UsageError(
            "WB-A14",
            f"the hold-out share must be from 0 to 0.5, but got {holdout_share:g}.",
            "0.1 holds out every tenth customer.",
        )
    return np.where(places(entities, salt=salt) < holdout_share, HOLDOUT, CONTACT)
