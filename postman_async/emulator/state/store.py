"""The database: one SQLite file, or memory.

Each request is one transaction: a 2xx answer means that its changes are on disk, if the database
is a file.  An entity has *facts* (small, sufficient for lists and look-ups) and, for some kinds,
a *document* (the user's JSON, which lists never read).
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
from postman_async.emulator.state.tables import (
    CREATE_TABLES,
    SCHEMA_VERSION,
    TABLES,
    check_tables,
    table_names,
)

__all__ = ["Entity", "Json", "Store", "dumps"]

Json: TypeAlias = dict[str, Any]


def dumps(value: Any) -> str:
    """Return JSON as ASCII, so that lone surrogates survive storage and transport."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


@define
class Entity:
    """One stored entity.

    Attributes:
        kind: ``collections``, ``environments``, ``monitors``, ``workspaces``…
        id: the UUID.
        facts: the small properties, ``name`` among them.
        document: the user's JSON, if the kind has one and the query loaded it.
        created_at: the ISO time of creation.
        updated_at: the ISO time of the last change.
        owner: the id of the owner.
        seq: the position in the order of creation; 0 before the entity is stored.
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
        """The name of the entity."""
        name: str = self.facts["name"]
        return name

    @property
    def ref(self) -> Json:
        """The short form, ``{id, name, uid}``."""
        return {"id": self.id, "name": self.name, "uid": self.uid}


class Store:
    """The database with its queries.

    Args:
        path: a file name, or ``:memory:``.
        ids: the source of ids; its position is stored, so that no id is used twice.

    Raises:
        EmulatorError: the file is not a database of the emulator, or has another version.
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
            execute("PRAGMA synchronous = FULL")  # a 2xx answer means that the change is on disk
        if not table_names(self._connection):
            self._create()
        check_tables(self._connection)
        self.seed(self._ids.seed)

    def _create(self) -> None:
        self._connection.executescript(f"BEGIN IMMEDIATE;{CREATE_TABLES}COMMIT;")
        with self.transaction():
            self.set_setting("schema_version", str(SCHEMA_VERSION))

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """Run the block in a transaction: an exception rolls it back."""
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
        """Use another seed, from the position that the database stores for it."""
        self._ids.seed = seed
        self._ids.taken = int(self.setting(self._ids_key) or 0)

    # -- as a whole -------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return the whole content, as a serialized database."""
        copy = sqlite3.connect(":memory:")
        try:
            self._connection.backup(copy)
            taken = copy.serialize()
        finally:
            copy.close()
        # A copy in memory has no write-ahead log: bytes 18 and 19 of the header must not say so.
        return taken[:18] + b"\x01\x01" + taken[20:]

    def restore(self, snapshot: bytes) -> None:
        """Replace the whole content by a snapshot.

        Raises:
            EmulatorError: the bytes are not a snapshot of this version.
        """
        copy = sqlite3.connect(":memory:")
        try:
            copy.deserialize(snapshot or b"nothing")  # empty bytes would raise a MemoryError
            check_tables(copy)
            copy.backup(self._connection)
        except (sqlite3.Error, ValueError, EmulatorError) as reason:
            raise EmulatorError(f"cannot restore: not a snapshot: {reason}") from None
        finally:
            copy.close()
        self.seed(self._ids.seed)

    def clear(self) -> None:
        """Delete all entities, runs and memberships, and reset the ids; settings stay."""
        for table in TABLES:
            if table != "meta":
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
        self._connection.execute("DELETE FROM meta WHERE key LIKE 'ids/%'")
        self._ids.taken = 0

    # -- settings ---------------------------------------------------------------------------

    def setting(self, key: str) -> str | None:
        """Return a setting of the database; None if it was never set."""
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def set_setting(self, key: str, value: str) -> None:
        """Store a setting of the database."""
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
        """Return an entity with its document; None if it does not exist."""
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
        """Store a changed entity with its document, and set the time of its change."""
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
        """Delete one entity with its memberships, its base and its runs."""
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
        """Store the last common state of a fork and its origin."""
        self._connection.execute(
            "INSERT OR REPLACE INTO bases VALUES (?, ?)", (fork, dumps(document))
        )

    def base(self, fork: str) -> Json:
        """Return the last common state of a fork and its origin."""
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
        """Store the start of a run; return its row."""
        cursor = self._connection.execute(
            "INSERT INTO runs (monitor, number, status, info) VALUES (?, ?, ?, ?)",
            (monitor, number, str(info["status"]), dumps(info)),
        )
        return cursor.lastrowid or 0

    def end_run(self, row: int, body: Json) -> None:
        """Store the end of a run; no effect if its monitor was deleted, or the run had ended."""
        info, stats = body["info"], body.get("stats")
        self._connection.execute(
            "UPDATE runs SET status = ?, info = ?, stats = ?, body = ?"
            " WHERE seq = ? AND body IS NULL",
            (str(info["status"]), dumps(info), dumps(stats), dumps(body), row),
        )

    def last_run(self, monitor: str) -> Json | None:
        """Return ``{info, stats}`` of the latest run; None before the first."""
        row = self._connection.execute(
            "SELECT info, stats FROM runs WHERE monitor = ? ORDER BY number DESC LIMIT 1",
            (monitor,),
        ).fetchone()
        if row is None:
            return None
        return {"info": json.loads(row[0]), "stats": json.loads(row[1] or "null")}

    def unfinished(self) -> list[tuple[int, Json]]:
        """Return ``(row, info)`` of the runs whose end was never stored."""
        rows = self._connection.execute("SELECT seq, info FROM runs WHERE body IS NULL")
        return [(row[0], json.loads(row[1])) for row in rows]

    def requests_sent(self) -> int:
        """Return the number of requests of all finished runs, for the usage."""
        row = self._connection.execute(
            "SELECT COALESCE(SUM(json_extract(stats, '$.requests.total')), 0) FROM runs"
        ).fetchone()
        return int(row[0])


def _make_private(path: str) -> None:
    """Create the file with access for this user only; SQLite copies the mode to its side files."""
    with suppress(OSError):  # SQLite reports the same error
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _optional(document: Json | None) -> str | None:
    return None if document is None else dumps(document)


def _entity(row: tuple[Any, ...]) -> Entity:
    kind, entity_id, facts, document, created_at, updated_at, owner, seq = row
    loaded = None if document is None else json.loads(document)
    return Entity(kind, entity_id, json.loads(facts), loaded, created_at, updated_at, owner, seq)
