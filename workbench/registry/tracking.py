"""The one door to MLflow: quiet, without telemetry, and quick to say when it cannot be reached."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import sqlite3
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workbench.config import Home
from workbench.errors import WorkbenchError
from workbench.store.database import SQLAlchemyError

if TYPE_CHECKING:
    from mlflow import MlflowClient

CONNECT_SECONDS = 2.0
_DEFAULT_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306}


class MirrorUnreachable(WorkbenchError):
    """MLflow is away (WB-R10) or refused something (WB-R11). Nothing is lost: versions are whole on disk and in the store."""


def _unreachable(message: str, *, code: str = "WB-R10") -> MirrorUnreachable:
    hint = "The model is safe here; it is copied to MLflow when that can be reached again."
    return MirrorUnreachable(code, message, hint)


@contextlib.contextmanager
def connected(home: Home) -> Generator[MlflowClient]:
    """An MLflow client for the home's tracking address; whatever MLflow raises inside becomes MirrorUnreachable.

    The address is probed first, since MLflow itself keeps trying for minutes.
    """
    _probe(home)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # stdout belongs to --json
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with warnings.catch_warnings():
        # MLflow's own imports use what pandas and pydantic have deprecated: nothing that a user could mend.
        warnings.simplefilter("ignore")
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from requests.exceptions import RequestException

        logging.getLogger("mlflow").setLevel(logging.ERROR)
        logging.getLogger("alembic").setLevel(logging.ERROR)
        try:
            yield MlflowClient(home.tracking_uri, registry_uri=home.tracking_uri)
        except (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError) as exc:
            first_line = (str(exc).splitlines() or [type(exc).__name__])[0]
            sentence = f"MLflow at {_shown(home)} refused: {first_line[:300]}"
            raise _unreachable(sentence, code="WB-R11") from exc


def artifact_location(home: Home, experiment: str) -> str | None:
    """Where an experiment's files go: under `mlruns/artifacts`; a tracking server decides for itself (None)."""
    if urlsplit(home.tracking_uri).scheme in ("http", "https"):
        return None
    slug = re.sub(r"[^\w.-]+", "_", experiment)
    return (home.mlruns / "artifacts" / slug).as_uri()


def _probe(home: Home) -> None:
    uri = home.tracking_uri
    parts = urlsplit(uri)
    scheme = parts.scheme.split("+")[0]
    if scheme == "sqlite":
        _probe_file(Path(uri.split(":///", 1)[-1]), home)
    elif scheme in _DEFAULT_PORTS:
        where = (parts.hostname or "localhost", parts.port or _DEFAULT_PORTS[scheme])
        try:
            socket.create_connection(where, timeout=CONNECT_SECONDS).close()
        except OSError as exc:
            raise _unreachable(f"MLflow at {_shown(home)} cannot be reached: {exc}.") from exc
    else:
        raise _unreachable(f"MLflow's address {_shown(home)} is none of sqlite, {', '.join(_DEFAULT_PORTS)}.")


def _probe_file(file: Path, home: Home) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(file, timeout=CONNECT_SECONDS)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except (OSError, sqlite3.Error) as exc:
        raise _unreachable(f"MLflow's file {_shown(home)} cannot be opened: {exc}.") from exc


def _shown(home: Home) -> str:
    """The address without a password."""
    return re.sub(r"//[^/@]*@", "//", home.tracking_uri)
