"""Strict reading accepts whatever either official document allows an answer to hold.

The documents lie beside the repository, where they are there at all (``../shared/api``): from the
schemas of each answer documents are made, with all keys, and with those alone that are required.
What is here in our own words holds the cases that were refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from postman_async import OPERATIONS, ResponseValidationError
from tests.models.documents import read_answer

FACTS = Path(__file__).parents[3] / "shared" / "api"
THERE = (FACTS / "current.json").is_file()

CLASSIC = {
    "getAllApIs": "apis.list", "createApi": "apis.create", "singleApi": "apis.get",
    "updateAnApi": "apis.update", "deleteAnApi": "apis.delete",
    "getAllApiVersions": "apis.list_versions", "createApiVersion": "apis.create_version",
    "getAnApiVersion": "apis.get_version", "updateAnApiVersion": "apis.update_version",
    "deleteAnApiVersion": "apis.delete_version",
    "getContractTestRelations": "apis.get_contract_test_relations",
    "getDocumentationRelations": "apis.get_documentation_relations",
    "getEnvironmentRelations": "apis.get_environment_relations",
    "getIntegrationTestRelations": "apis.get_integration_test_relations",
    "getMonitorRelations": "apis.get_monitor_relations",
    "getLinkedRelations": "apis.get_linked_relations",
    "createRelations": "apis.create_relations", "createSchema": "apis.create_schema",
    "getSchema": "apis.get_schema", "updateSchema": "apis.update_schema",
    "createCollectionFromSchema": "apis.create_collection_from_schema",
    "getTestSuiteRelations": "apis.get_test_suite_relations",
    "syncRelationsWithSchema": "apis.sync_relations_with_schema",
    "allCollections": "collections.list", "createCollection": "collections.create",
    "createAFork": "collections.fork", "mergeAFork": "collections.merge",
    "singleCollection": "collections.get", "updateCollection": "collections.update",
    "deleteCollection": "collections.delete", "allEnvironments": "environments.list",
    "createEnvironment": "environments.create", "singleEnvironment": "environments.get",
    "updateEnvironment": "environments.update", "deleteEnvironment": "environments.delete",
    "importExportedData": "imports.exported_data",
    "importExternalApiSpecification": "imports.openapi", "apiKeyOwner": "users.me",
    "allMocks": "mocks.list", "createMock": "mocks.create", "singleMock": "mocks.get",
    "updateMock": "mocks.update", "deleteMock": "mocks.delete", "publishMock": "mocks.publish",
    "unpublishMock": "mocks.unpublish", "allMonitors": "monitors.list",
    "createMonitor": "monitors.create", "singleMonitor": "monitors.get",
    "updateMonitor": "monitors.update", "deleteMonitor": "monitors.delete",
    "runAMonitor": "monitors.run", "createWebhook": "webhooks.create",
    "allWorkspaces": "workspaces.list", "createWorkspace": "workspaces.create",
    "singleWorkspace": "workspaces.get", "updateWorkspace": "workspaces.update",
    "deleteWorkspace": "workspaces.delete",
}  # fmt: skip
"""The public name of each operation of the older document."""


class Maker:
    """Makes documents of the schemas of one document, which are OpenAPI's, made short."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self.schemas = schemas

    def made(self, schema: Any, *, full: bool, depth: int = 0) -> Iterator[Any]:
        """Yield a document for each alternative."""
        while isinstance(schema, dict) and "$ref" in schema:
            schema, depth = self.schemas[schema["$ref"]], depth + 1
        if not isinstance(schema, dict) or not schema or depth > 12:
            yield None
            return
        for word in ("oneOf", "anyOf"):
            if word in schema:
                for choice in schema[word]:
                    yield from self.made(choice, full=full, depth=depth + 1)
                return
        if "allOf" in schema:
            schema = self.merged(schema["allOf"])
        yield from self.by_type(schema, full=full, depth=depth)
        if schema.get("nullable"):
            yield None

    def merged(self, parts: list[Any]) -> dict[str, Any]:
        whole: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for part in parts:
            while "$ref" in part:
                part = self.schemas[part["$ref"]]
            if "allOf" in part:
                part = self.merged(part["allOf"])
            whole["properties"] |= part.get("properties", {})
            whole["required"] += part.get("required", [])
        return whole

    def by_type(self, schema: dict[str, Any], *, full: bool, depth: int) -> Iterator[Any]:
        named = schema.get("type", "object" if "properties" in schema else None)
        for kind in named if isinstance(named, list) else [named]:
            if kind == "object":
                yield from self.objects(schema, full=full, depth=depth)
            elif kind == "array":
                items = [*self.made(schema.get("items"), full=full, depth=depth + 1)]
                yield [item for item in items if item is not None][:4]
            elif schema.get("enum"):
                yield schema["enum"][0]
            else:
                yield {"string": "text", "integer": 1, "number": 1, "boolean": True}.get(str(kind))

    def objects(self, schema: dict[str, Any], *, full: bool, depth: int) -> Iterator[Any]:
        """Yield one object, and one more for each alternative of each of its keys."""
        required = schema.get("required", [])
        properties = schema.get("properties", {})
        choices = {
            name: [*self.made(part, full=full, depth=depth + 1)]
            for name, part in properties.items()
            if full or name in required
        }
        first = {name: found[0] for name, found in choices.items() if found}
        yield first
        for name, found in choices.items():
            for value in found[1:3]:
                yield {**first, name: value}


def documented() -> Iterator[tuple[str, str, Any]]:
    """Yield the operation and source of each documented answer, and its schema's documents."""
    paths = {(o.method, re.sub(r"\{\w+\}", "{}", o.path)): name for name, o in OPERATIONS.items()}
    for source in ("classic", "current", "more"):
        facts = json.loads((FACTS / f"{source}.json").read_text("utf-8"))
        maker = Maker(facts["schemas"])
        for operation in facts["operations"]:
            path = re.sub(r"\{\w+\}", "{}", str(operation["path"]))
            key = operation["method"], path
            name = CLASSIC[operation["operation"]] if source == "classic" else paths.get(key)
            if name is not None:
                for schema in answers(operation):
                    yield name, source, (maker, schema)


def answers(operation: Mapping[str, Any]) -> Iterator[Any]:
    for status, answer in operation.get("responses", {}).items():
        schema = answer.get("content", {}).get("application/json")
        if status.startswith("2") and schema:
            yield schema


ELSEWHERE = {("collections.update", "current"): "the answer to `Prefer: respond-async`"} | {
    (name, "more"): "the answers of v10, to an `Accept` header that these calls do not send"
    for name in OPERATIONS
    if name.startswith("apis.") and name != "apis.list_versions"
}
"""What the documents say of calls that these are not."""


def refusals(name: str, documents: list[Any]) -> set[str]:
    found = set()
    for document in documents:
        try:
            read_answer(name, json.dumps(document).encode(), strict=True)
        except ResponseValidationError as error:
            found.update(error.faults)
    return found


@pytest.mark.skipif(not THERE, reason="the service's documents are not beside this repository")
def test_whatever_the_documents_allow_is_accepted() -> None:
    seen = set()
    for name, source, (maker, schema) in documented():
        seen.add(name)
        if (name, source) not in ELSEWHERE:
            assert refusals(name, [*maker.made(schema, full=True)]) == set(), (name, source)
    assert seen >= set(CLASSIC.values()) - {"collections.fork", "webhooks.create"}


@pytest.mark.skipif(not THERE, reason="the service's documents are not beside this repository")
def test_the_documented_example_of_a_run_is_accepted() -> None:
    example = json.loads((FACTS / "run-example.json").read_text("utf-8"))
    assert refusals("monitors.run", [example]) == set()


REF = {"id": "a", "name": "n", "uid": "1-a"}
TALLY = {"total": 3}
MOCK = {"id": "a", "uid": "1-a", "owner": "1", "collection": "1-c", "mockUrl": "https://a.mock"}
USER = {
    "id": 1, "username": "u", "fullName": "U", "email": "u@x", "avatar": None, "isPublic": False,
}  # fmt: skip
MONITOR = {
    **REF, "owner": 1, "collectionUid": "1-c", "options": {}, "notifications": {},
    "distribution": [], "schedule": {"cron": "0 0 * * *", "timezone": "UTC"},
    "lastRun": {
        "status": "success", "startedAt": "2020-01-01T00:00:00.000Z",
        "stats": {"assertions": {"total": 3, "failed": 0}, "requests": TALLY},
    },
}  # fmt: skip
RUN = {
    "info": {"monitorId": "a", "status": "failed"},
    "executions": [
        {
            "id": 1, "item": {"name": "i"},
            "request": {"method": "GET", "url": "u", "body": {}},
            "response": {"code": 200, "body": {}},
        }
    ],
    "failures": [{}, {"message": "it broke"}],
}  # fmt: skip
VERSION = {"id": "v", "name": "1.0", "createdAt": "2019-02-12 19:34:49", "updatedAt": "x"}
WORKSPACE = {
    "id": "w", "name": "n", "type": "team", "description": "d", "collections": [],
    "environments": [],
}  # fmt: skip

REFUSED: Mapping[str, Any] = {
    "monitors.run": {"run": RUN},
    "monitors.create": {"monitor": {**REF, "active": True}},
    "monitors.update": {"monitor": {**REF, "active": False}},
    "monitors.get": {"monitor": MONITOR},
    "users.me": {"user": {**USER, "sub": "x", "emailVerified": True}, "operations": []},
    "collections.merge": {"collection": {"id": "a", "uid": "1-a"}},
    "collections.get": {
        "collection": {"info": {"name": "n"}, "rootLevelRequests": ["1-r"], "rootLevelFolders": []}
    },
    "mocks.create": {"mock": MOCK},
    "mocks.get": {"mock": MOCK},
    "mocks.list": {"mocks": [MOCK]},
    "workspaces.get": {"workspace": WORKSPACE},
    "apis.list_versions": {"versions": [VERSION, {**VERSION, "releaseNotes": "r"}]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_refused_is_accepted(name: str) -> None:
    """Each is as small as its document lets it be, in the part that strict reading refused."""
    assert refusals(name, [REFUSED[name]]) == set()


def test_what_no_document_allows_is_refused_still() -> None:
    assert refusals("monitors.create", [{"monitor": {**REF, "odd": 1}}])
    assert refusals("mocks.get", [{"mock": {**MOCK, "mockUrl": 1}}])
