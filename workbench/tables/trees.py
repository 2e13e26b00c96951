"""Small pieces of sqlglot trees: quoted names, columns, moments."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

AT = "_at"  # when the row happened
KNOWN = "_known_at"  # when it could be known


def ident(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def column(name: str, table: str | None = None) -> exp.Column:
    return exp.Column(this=ident(name), table=ident(table) if table else None)


def named(name: str) -> exp.Table:
    """A table of the engine, quoted: a table may be called `order`."""
    return exp.Table(this=ident(name))


def sub(query: exp.Expr, alias: str) -> exp.Subquery:
    return exp.Subquery(this=query.copy(), alias=exp.TableAlias(this=ident(alias)))


def moment(value: datetime) -> exp.Cast:
    return exp.Cast(this=exp.Literal.string(value.isoformat(sep=" ")), to=exp.DataType.build("timestamp"))
