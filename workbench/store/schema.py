"""The store's tables: who may do what, what exists, who decided, and the two logs that nobody can rewrite."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine import Dialect

VERSION = 1
APPEND_ONLY = ("ledger", "audit")

metadata = MetaData()


class Utc(TypeDecorator[datetime]):
    """A moment in UTC: only values that know their time zone go in, and they come out in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone, but got {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


users = Table(
    "users",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("roles", JSON, nullable=False),
    Column("practice", Boolean, nullable=False),
    Column("added_at", Utc, nullable=False),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("task", String(400), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("trained_by", String(200), nullable=False),
    Column("job_id", String(200)),
    Column("run_id", String(64)),
    Column("mlflow_version", Integer),
    Column("mirror", String(20), nullable=False),  # pending | done: whether MLflow has it yet
    Column("mirror_problem", Text),
    Column("created_at", Utc, nullable=False),
    CheckConstraint("mirror IN ('pending', 'done')", name="mirror_is_known"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False),
    Column("action", String(20), nullable=False),  # promote | rollback
    Column("version", Integer, nullable=False),  # what is live from this line on
    Column("previous_version", Integer),
    Column("who", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("at", Utc, nullable=False),
    CheckConstraint("action IN ('promote', 'rollback')", name="action_is_known"),
    Index("ledger_by_name", "name", "id"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject_kind", String(20), nullable=False),  # model | list
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("tier", String(20), nullable=False),  # marketing | credit
    Column("status", String(20), nullable=False),  # waiting | approved | rejected
    Column("requester", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("requested_at", Utc, nullable=False),
    Column("validator", String(200)),
    Column("validation_note", Text),
    Column("validated_at", Utc),
    Column("decider", String(200)),
    Column("reason", Text),
    Column("decided_at", Utc),
    CheckConstraint("subject_kind IN ('model', 'list')", name="subject_is_known"),
    CheckConstraint("status IN ('waiting', 'approved', 'rejected')", name="status_is_known"),
    CheckConstraint("decider IS NULL OR decider <> requester", name="requester_is_never_approver"),
    # one open question per subject: a second request finds the first
    Index(
        "one_waiting_per_subject",
        "subject_kind",
        "name",
        "version",
        unique=True,
        sqlite_where=text("status = 'waiting'"),
        postgresql_where=text("status = 'waiting'"),
    ),
)

audiences = Table(
    "audiences",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content_sha256", String(64), nullable=False),
    Column("model_name", String(200), nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("built_by", String(200), nullable=False),
    Column("built_at", Utc, nullable=False),
    Column("manifest", JSON, nullable=False),
    UniqueConstraint("name", "content_sha256", name="same_content_same_version"),
)

exports = Table(
    "exports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("approval_id", Integer, nullable=False),
    Column("file", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("practice", Boolean, nullable=False),
    Column("who", String(200), nullable=False),
    Column("at", Utc, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Utc, nullable=False),
    Column("who", String(200), nullable=False),
    Column("action", String(60), nullable=False),
    Column("subject", String(400), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("audit_by_subject", "subject", "id"),
)


def sqlite_guards() -> list[str]:
    """Triggers that refuse every UPDATE and DELETE on the append-only tables."""
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in APPEND_ONLY
        for verb in ("UPDATE", "DELETE")
    ]


def postgresql_guards() -> list[str]:
    """The same for PostgreSQL, where TRUNCATE is a third way to rewrite history."""
    refuse = (
        "CREATE OR REPLACE FUNCTION workbench_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    return [refuse] + [
        f"CREATE OR REPLACE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION workbench_append_only()"
        for table in APPEND_ONLY
    ]
