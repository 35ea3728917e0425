"""The emulator's state, in one SQLite database.

Every request is one transaction: what was answered with a 2xx status is on disk when the
database is a file.  An entity has *facts* (small, all that lists and look-ups need) and, for
collections and environments, a *document* (the user's JSON, which lists never read).
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from attrs import define

from postman_async.emulator.exceptions import EmulatorError
from postman_async.emulator.state.ids import OWNER, Ids, iso, make_uid, new_id, now

__all__ = ["SCHEMA_VERSION", "Entity", "Json", "Store", "dumps"]

Json: TypeAlias = dict[str, Any]

SCHEMA_VERSION = 1
"""Raised with every change of the tables; a file of another version is refused."""

_SCHEMA = """
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
_TABLES = ("meta", "entities", "members", "bases", "runs")


def dumps(value: Any) -> str:
    """Write JSON as ASCII, so that even half a surrogate pair survives storage and the wire."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


@define
class Entity:
    """One stored thing.

    Attributes:
        kind: ``collections``, ``environments``, ``monitors``, ``workspaces``…
        id: its UUID.
        facts: its small properties, ``name`` among them.
        document: the user's JSON, where the kind has one and it was asked for.
        created_at: ISO time of creation.
        updated_at: ISO time of the last change.
        owner: the id of the user it belongs to.
        seq: its place in the order of creation; 0 before it is stored.
    """

    kind: str
    id: str
    facts: Json
    document: Json | None = None
    created_at: str = ""
    updated_at: str = ""
    owner: int = OWNER
    seq: int = 0

    @property
    def uid(self) -> str:
        """``<ownerId>-<id>``."""
        return make_uid(self.id)

    @property
    def name(self) -> str:
        """What its user calls it."""
        name: str = self.facts["name"]
        return name

    @property
    def ref(self) -> Json:
        """The short form, ``{id, name, uid}``."""
        return {"id": self.id, "name": self.name, "uid": self.uid}


class Store:
    """The database and the few questions asked of it.

    Args:
        path: a file name, or ``:memory:``.
        ids: the source of ids, whose place is kept along, so that no id is given twice.

    Raises:
        EmulatorError: if the file is no database of this emulator, or of another version.
    """

    def __init__(self, path: str, ids: Ids | None = None) -> None:
        self.path = path
        self._ids = ids or Ids()
        if path != ":memory:":
            _make_private(path)
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
            with self._closed_on_failure():
                self._prepare()
        except (sqlite3.Error, EmulatorError) as reason:
            raise EmulatorError(f"cannot use {path!r} as an emulator database: {reason}") from None

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        if self.path != ":memory:":
            execute("PRAGMA journal_mode = WAL")
            execute("PRAGMA synchronous = FULL")  # a 2xx answer promises the disk has it
        if not _tables(self._connection):
            self._create()
        self._check(self._connection)
        self.seed(self._ids.seed)

    def _check(self, connection: sqlite3.Connection) -> None:
        if not _tables(connection).issuperset(_TABLES):
            raise EmulatorError("it holds other tables")
        query = "SELECT value FROM meta WHERE key = 'schema_version'"
        version = (connection.execute(query).fetchone() or [None])[0]
        if version != str(SCHEMA_VERSION):
            raise EmulatorError(f"its schema version is {version}, not {SCHEMA_VERSION}")

    def _create(self) -> None:
        self._connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
        with self.transaction():
            self.set_setting("schema_version", str(SCHEMA_VERSION))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """Make all of the block happen, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        taken = self._ids.taken
        try:
            yield
            if self._ids.taken != taken:
                self.set_setting(self._ids_key, str(self._ids.taken))
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @property
    def _ids_key(self) -> str:
        return f"ids/{self._ids.seed}"

    def seed(self, seed: int | None) -> None:
        """Take ids from another seed, from where the database's ids of that seed ended."""
        self._ids.seed = seed
        self._ids.taken = int(self.setting(self._ids_key) or 0)

    # -- as a whole -------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return all of it, as a database of its own."""
        copy = sqlite3.connect(":memory:")
        try:
            self._connection.backup(copy)
            taken = copy.serialize()
        finally:
            copy.close()
        # A copy in memory has no write-ahead log: bytes 18 and 19 of the header must not say so.
        return taken[:18] + b"\x01\x01" + taken[20:]

    def restore(self, snapshot: bytes) -> None:
        """Become what a snapshot holds.

        Raises:
            EmulatorError: it is no snapshot of this version.
        """
        copy = sqlite3.connect(":memory:")
        try:
            copy.deserialize(snapshot or b"nothing")  # no bytes at all are a MemoryError there
            self._check(copy)
            copy.backup(self._connection)
        except (sqlite3.Error, ValueError, EmulatorError) as reason:
            raise EmulatorError(f"cannot restore what is no snapshot: {reason}") from None
        finally:
            copy.close()
        self.seed(self._ids.seed)

    def clear(self) -> None:
        """Forget every entity, run and membership, and which ids were taken; settings stay."""
        for table in _TABLES:
            if table != "meta":
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
        self._connection.execute("DELETE FROM meta WHERE key LIKE 'ids/%'")
        self._ids.taken = 0

    # -- settings ---------------------------------------------------------------------------

    def setting(self, key: str) -> str | None:
        """Return a value of the database itself, None when it was never set."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, key: str, value: str) -> None:
        """Keep a value of the database itself."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # -- entities ---------------------------------------------------------------------------

    def add(
        self, kind: str, facts: Json, document: Json | None = None, *, entity_id: str | None = None
    ) -> Entity:
        """Store a new entity and return it."""
        moment = iso(now())
        entity = Entity(kind, entity_id or new_id(), facts, document, moment, moment)
        cursor = self._connection.execute(
            "INSERT INTO entities (kind, id, owner, created_at, updated_at, facts, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (kind, entity.id, entity.owner, moment, moment, dumps(facts), _optional(document)),
        )
        entity.seq = cursor.lastrowid or 0
        return entity

    def find(self, kind: str, entity_id: str) -> Entity | None:
        """Return an entity with its document; None when there is no such one."""
        row = self._connection.execute(
            "SELECT kind, id, facts, document, created_at, updated_at, owner, seq FROM entities"
            " WHERE kind = ? AND id = ?",
            (kind, entity_id),
        ).fetchone()
        return None if row is None else _entity(row)

    def all(self, kind: str, workspace: str | None = None) -> list[Entity]:
        """Return the entities of a kind, oldest first, without their documents."""
        query = (
            "SELECT kind, id, facts, NULL, created_at, updated_at, owner, seq"
            " FROM entities WHERE kind = ?"
        )
        values: list[str] = [kind]
        if workspace is not None:
            query += " AND id IN (SELECT id FROM members WHERE workspace = ? AND kind = ?)"
            values += [workspace, kind]
        rows = self._connection.execute(f"{query} ORDER BY seq", values)
        return [_entity(row) for row in rows]

    def save(self, entity: Entity) -> None:
        """Write a changed entity, document included, and stamp it."""
        entity.updated_at = iso(now())
        self._connection.execute(
            "UPDATE entities SET facts = ?, document = ?, updated_at = ? WHERE kind = ? AND id = ?",
            (
                dumps(entity.facts),
                _optional(entity.document),
                entity.updated_at,
                entity.kind,
                entity.id,
            ),
        )

    def remove(self, kind: str, entity_id: str) -> None:
        """Take an entity and all that hangs on it alone out of the database."""
        execute = self._connection.execute
        execute("DELETE FROM entities WHERE kind = ? AND id = ?", (kind, entity_id))
        execute("DELETE FROM members WHERE kind = ? AND id = ?", (kind, entity_id))
        if kind == "workspaces":
            execute("DELETE FROM members WHERE workspace = ?", (entity_id,))
        if kind == "collections":
            execute("DELETE FROM bases WHERE fork = ?", (entity_id,))
        if kind == "monitors":
            execute("DELETE FROM runs WHERE monitor = ?", (entity_id,))

    # -- membership of workspaces -----------------------------------------------------------

    def join(self, workspace: str, kind: str, entity_id: str) -> None:
        """Put an entity into a workspace."""
        self._connection.execute(
            "INSERT OR IGNORE INTO members VALUES (?, ?, ?)", (workspace, kind, entity_id)
        )

    def set_members(self, workspace: str, kind: str, ids: Iterable[str]) -> None:
        """Make exactly these entities the workspace's members of a kind."""
        self._connection.execute(
            "DELETE FROM members WHERE workspace = ? AND kind = ?", (workspace, kind)
        )
        for entity_id in ids:
            self.join(workspace, kind, entity_id)

    def workspaces_of(self, kind: str, entity_id: str) -> list[str]:
        """Return the ids of the workspaces an entity is in."""
        rows = self._connection.execute(
            "SELECT workspace FROM members WHERE kind = ? AND id = ?", (kind, entity_id)
        )
        return [row[0] for row in rows]

    # -- forks ------------------------------------------------------------------------------

    def set_base(self, fork: str, document: Json) -> None:
        """Keep the state in which a fork and its origin last agreed."""
        self._connection.execute(
            "INSERT OR REPLACE INTO bases VALUES (?, ?)", (fork, dumps(document))
        )

    def base(self, fork: str) -> Json:
        """Return the state in which a fork and its origin last agreed."""
        row = self._connection.execute(
            "SELECT document FROM bases WHERE fork = ?", (fork,)
        ).fetchone()
        base: Json = json.loads(row[0])
        return base

    # -- runs -------------------------------------------------------------------------------

    def next_number(self, monitor: str) -> int:
        """Return the number of the monitor's next run, from 1 on."""
        row = self._connection.execute(
            "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE monitor = ?", (monitor,)
        ).fetchone()
        return int(row[0])

    def add_run(self, monitor: str, number: int, info: Json) -> int:
        """Note a run that begins; return its row."""
        cursor = self._connection.execute(
            "INSERT INTO runs (monitor, number, status, info) VALUES (?, ?, ?, ?)",
            (monitor, number, str(info["status"]), dumps(info)),
        )
        return cursor.lastrowid or 0

    def end_run(self, row: int, body: Json) -> None:
        """Note the outcome of a run; nothing happens if its monitor is gone, or it had ended."""
        info, stats = body["info"], body.get("stats")
        self._connection.execute(
            "UPDATE runs SET status = ?, info = ?, stats = ?, body = ?"
            " WHERE seq = ? AND body IS NULL",
            (str(info["status"]), dumps(info), dumps(stats), dumps(body), row),
        )

    def last_run(self, monitor: str) -> Json | None:
        """Return ``{info, stats}`` of the run that was begun last, None before the first."""
        row = self._connection.execute(
            "SELECT info, stats FROM runs WHERE monitor = ? ORDER BY number DESC LIMIT 1",
            (monitor,),
        ).fetchone()
        if row is None:
            return None
        return {"info": json.loads(row[0]), "stats": json.loads(row[1] or "null")}

    def unfinished(self) -> list[tuple[int, Json]]:
        """Return row and info of the runs whose end was never noted."""
        rows = self._connection.execute("SELECT seq, info FROM runs WHERE body IS NULL")
        return [(row[0], json.loads(row[1])) for row in rows]

    def requests_sent(self) -> int:
        """Return how many requests all finished runs have sent, for the usage figures."""
        row = self._connection.execute(
            "SELECT COALESCE(SUM(json_extract(stats, '$.requests.total')), 0) FROM runs"
        ).fetchone()
        return int(row[0])


def _make_private(path: str) -> None:
    """Make the file, for this user only; SQLite gives the files beside it the same rights."""
    with suppress(OSError):  # SQLite finds out, too, and says so
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows}


def _optional(document: Json | None) -> str | None:
    return None if document is None else dumps(document)


def _entity(row: tuple[Any, ...]) -> Entity:
    kind, entity_id, facts, document, created_at, updated_at, owner, seq = row
    loaded = None if document is None else json.loads(document)
    return Entity(kind, entity_id, json.loads(facts), loaded, created_at, updated_at, owner, seq)
