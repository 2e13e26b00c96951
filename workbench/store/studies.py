"""Searches that several machines share through PostgreSQL: rows, fits to do, and what came of them.

One process leads a study and offers fits; helpers on other machines claim them, one each, and answer. All times are the
database's, so that clocks need not agree. A helper that falls silent loses its claim; a leader that falls silent ends its
study.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from workbench.errors import DataError, UsageError

PART_BYTES = 16 * 2**20
SILENT_SECONDS = 15.0
"""After this long without a sign of life a helper or a leader is taken to be gone."""

_TABLES = (
    """CREATE TABLE IF NOT EXISTS studies (
        id BIGSERIAL PRIMARY KEY, ready BOOLEAN NOT NULL DEFAULT FALSE, 
        beat_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp())""",
    """CREATE TABLE IF NOT EXISTS study_parts (
        study BIGINT NOT NULL REFERENCES studies ON DELETE CASCADE, part INTEGER NOT NULL, bytes BYTEA NOT NULL,
        PRIMARY KEY (study, part))""",
    """CREATE TABLE IF NOT EXISTS study_helpers (
        study BIGINT NOT NULL REFERENCES studies ON DELETE CASCADE, helper TEXT NOT NULL, slots INTEGER NOT NULL,
        beat_at TIMESTAMPTZ NOT NULL, PRIMARY KEY (study, helper))""",
    """CREATE TABLE IF NOT EXISTS study_fits (
        id BIGSERIAL PRIMARY KEY, study BIGINT NOT NULL REFERENCES studies ON DELETE CASCADE, job TEXT NOT NULL,
        ends_at TIMESTAMPTZ, helper TEXT, beat_at TIMESTAMPTZ, reply TEXT, model BYTEA)""",
    "CREATE INDEX IF NOT EXISTS study_fits_open ON study_fits (study, id) WHERE reply IS NULL",
)
_TABLES_LOCK = 0x57_42_53_54  # any constant that no other program takes as its advisory lock


@dataclass(frozen=True)
class Claim:
    """One fit that a helper has taken on; `left` are the seconds until it must have ended, None without an end."""

    fit: int
    job: Mapping[str, Any]
    left: float | None


@dataclass(frozen=True)
class Answer:
    """What came of an offered fit: `reply` is the helper's, `model` the files packed as one."""

    fit: int
    reply: Mapping[str, Any]
    model: bytes


@dataclass(frozen=True)
class Studies:
    """The shared studies of one PostgreSQL database."""

    engine: Engine

    @classmethod
    def open(cls, address: str) -> Studies:
        """Raises UsageError WB-S11 for what is no address of PostgreSQL, DataError WB-S12 if it cannot be reached."""
        hint = "Use postgresql://user@host/database."
        try:
            url = make_url(address)
        except ArgumentError as error:
            raise UsageError(
                "WB-S11", "WORKBENCH_STUDY_URL is not an address of a database.", hint
            ) from error
        if url.get_backend_name() != "postgresql":
            raise UsageError("WB-S11", f"machines share a search through PostgreSQL, not '{url.get_backend_name()}'.", hint)  # fmt: skip
        engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TABLES_LOCK})
                for statement in _TABLES:
                    connection.exec_driver_sql(statement)
        except OperationalError as error:
            raise DataError(
                "WB-S12",
                f"the study's database {url.render_as_string(hide_password=True)} cannot be reached: {error.orig}",
                "Check the address in WORKBENCH_STUDY_URL, and that the server runs.",
            ) from error
        return cls(engine)

    def close(self) -> None:
        self.engine.dispose()

    # --- the leader's side ---

    def begin(self, rows: bytes) -> int:
        """A new study with its rows, packed as one; studies whose leader has gone are cleared away."""
        with self.engine.begin() as connection:
            connection.execute(
                text(
                    "DELETE FROM studies WHERE beat_at < clock_timestamp() - make_interval(secs => :silent)"
                ),
                {"silent": 4 * SILENT_SECONDS},
            )
            study = connection.execute(text("INSERT INTO studies DEFAULT VALUES RETURNING id")).scalar_one()
        for number, start in enumerate(range(0, len(rows), PART_BYTES)):
            with self.engine.begin() as connection:
                connection.execute(
                    text("INSERT INTO study_parts VALUES (:study, :part, :bytes)"),
                    {"study": study, "part": number, "bytes": rows[start : start + PART_BYTES]},
                )
        with self.engine.begin() as connection:
            connection.execute(
                text("UPDATE studies SET ready = TRUE, beat_at = clock_timestamp() WHERE id = :study"),
                {"study": study},
            )
        return study

    def lead(self, study: int) -> int:
        """A sign of life of the leader; gives how many fits helpers can do at a time."""
        with self.engine.begin() as connection:
            connection.execute(
                text("UPDATE studies SET beat_at = clock_timestamp() WHERE id = :study"), {"study": study}
            )
            return connection.execute(
                text(
                    "SELECT COALESCE(SUM(slots), 0) FROM study_helpers WHERE study = :study "
                    "AND beat_at > clock_timestamp() - make_interval(secs => :silent)"
                ),
                {"study": study, "silent": SILENT_SECONDS},
            ).scalar_one()

    def offer(self, study: int, job: Mapping[str, Any], left: float | None) -> int:
        """A fit to do within `left` seconds; gives its number."""
        with self.engine.begin() as connection:
            return connection.execute(
                text(
                    "INSERT INTO study_fits (study, job, ends_at) VALUES (:study, :job, "
                    "clock_timestamp() + make_interval(secs => :left)) RETURNING id"
                ),
                {"study": study, "job": json.dumps(job), "left": left},
            ).scalar_one()

    def withdraw(self, fit: int) -> bool:
        """Takes back a fit that no living helper works on; False if one does, or has answered."""
        with self.engine.begin() as connection:
            gone = connection.execute(
                text(
                    "DELETE FROM study_fits WHERE id = :fit AND reply IS NULL AND (helper IS NULL OR beat_at "
                    "< clock_timestamp() - make_interval(secs => :silent)) RETURNING id"
                ),
                {"fit": fit, "silent": SILENT_SECONDS},
            ).first()
        return gone is not None

    def answers(self, fits: Iterable[int]) -> list[Answer]:
        """The answers to these fits that have come in, each given once."""
        with self.engine.begin() as connection:
            rows = connection.execute(
                text(
                    "DELETE FROM study_fits WHERE id = ANY(:fits) AND reply IS NOT NULL RETURNING id, reply, model"
                ),
                {"fits": list(fits)},
            ).all()
        return [Answer(row.id, json.loads(row.reply), row.model or b"") for row in rows]

    def end(self, study: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(text("DELETE FROM studies WHERE id = :study"), {"study": study})

    # --- the helpers' side ---

    def wanting(self) -> int | None:
        """The study that has waited longest for its helpers, or None."""
        with self.engine.begin() as connection:
            return connection.execute(
                text(
                    "SELECT id FROM studies WHERE ready AND beat_at > clock_timestamp() - make_interval(secs => :silent) "
                    "ORDER BY id LIMIT 1"
                ),
                {"silent": SILENT_SECONDS},
            ).scalar()

    def rows(self, study: int) -> bytes:
        with self.engine.begin() as connection:
            parts: Sequence[bytes] = connection.execute(
                text("SELECT bytes FROM study_parts WHERE study = :study ORDER BY part"), {"study": study}
            ).scalars().all()  # fmt: skip
        return b"".join(parts)

    def beat(self, study: int, helper: str, slots: int, fits: Iterable[int]) -> bool:
        """A sign of life of a helper and of its fits; False once the study is over or its leader has gone."""
        with self.engine.begin() as connection:
            live = connection.execute(
                text(
                    "SELECT id FROM studies WHERE id = :study AND beat_at > clock_timestamp() - make_interval(secs => :silent) "
                    "FOR KEY SHARE"
                ),
                {"study": study, "silent": SILENT_SECONDS},
            ).first()
            if live is None:
                return False
            connection.execute(
                text(
                    "INSERT INTO study_helpers VALUES (:study, :helper, :slots, clock_timestamp()) "
                    "ON CONFLICT (study, helper) DO UPDATE SET slots = :slots, beat_at = clock_timestamp()"
                ),
                {"study": study, "helper": helper, "slots": slots},
            )
            connection.execute(
                text(
                    "UPDATE study_fits SET beat_at = clock_timestamp() WHERE id = ANY(:fits) AND helper = :helper"
                ),
                {"fits": list(fits), "helper": helper},
            )
        return True

    def leave(self, study: int, helper: str) -> None:
        with self.engine.begin() as connection:
            for statement in (
                "DELETE FROM study_helpers WHERE study = :study AND helper = :helper",
                "UPDATE study_fits SET helper = NULL WHERE study = :study AND helper = :helper AND reply IS NULL",
            ):
                connection.execute(text(statement), {"study": study, "helper": helper})

    def claim(self, study: int, helper: str) -> Claim | None:
        """The oldest fit that nobody works on; no two helpers get the same."""
        with self.engine.begin() as connection:
            row = connection.execute(
                text(
                    "UPDATE study_fits SET helper = :helper, beat_at = clock_timestamp() WHERE id = ("
                    "SELECT id FROM study_fits WHERE study = :study AND reply IS NULL AND (helper IS NULL OR beat_at "
                    "< clock_timestamp() - make_interval(secs => :silent)) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) "
                    "RETURNING id, job, EXTRACT(EPOCH FROM ends_at - clock_timestamp()) AS left"
                ),
                {"study": study, "helper": helper, "silent": SILENT_SECONDS},
            ).first()
        if row is None:
            return None
        return Claim(row.id, json.loads(row.job), None if row.left is None else float(row.left))

    def answer(self, fit: int, helper: str, reply: Mapping[str, Any], model: bytes) -> bool:
        """Hands in what came of a claimed fit; False if the claim was lost meanwhile, and then nothing changes."""
        with self.engine.begin() as connection:
            done = connection.execute(
                text(
                    "UPDATE study_fits SET reply = :reply, model = :model "
                    "WHERE id = :fit AND helper = :helper AND reply IS NULL RETURNING id"
                ),
                {"fit": fit, "helper": helper, "reply": json.dumps(reply), "model": model},
            ).first()
        return done is not None
