"""The tables of the database, and the check that a file has them."""

from __future__ import annotations

import sqlite3

from postman_async.emulator.exceptions import EmulatorError

__all__ = ["CREATE_TABLES", "SCHEMA_VERSION", "TABLES", "check_tables", "table_names"]

SCHEMA_VERSION = 1
"""The version of the tables; a file of another version is refused."""

CREATE_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE entities (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    owner INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    facts TEXT NOT NULL,
    document TEXT,
    UNIQUE (kind, id)
);
CREATE TABLE members (
    workspace TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (workspace, kind, id)
);
CREATE INDEX members_of ON members (kind, id);
CREATE TABLE bases (fork TEXT PRIMARY KEY, document TEXT NOT NULL);
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    monitor TEXT NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL,
    info TEXT NOT NULL,
    stats TEXT,
    body TEXT,
    UNIQUE (monitor, number)
);
"""
TABLES = ("meta", "entities", "members", "bases", "runs")


def table_names(connection: sqlite3.Connection) -> set[str]:
    """Return the names of the tables of a database."""
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows}


def check_tables(connection: sqlite3.Connection) -> None:
    """Check that a database has the tables of this version.

    Raises:
        EmulatorError: it has other tables, or another version.
    """
    if not table_names(connection).issuperset(TABLES):
        raise EmulatorError("it holds other tables")
    query = "SELECT value FROM meta WHERE key = 'schema_version'"
    version = (connection.execute(query).fetchone() or [None])[0]
    if version != str(SCHEMA_VERSION):
        raise EmulatorError(f"its schema version is {version}, not {SCHEMA_VERSION}")
