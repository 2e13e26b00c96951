"""Arrow's compute functions, under the name that the tables room calls them by."""

from __future__ import annotations

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute  # its functions are made at import time, so a type checker cannot see them
