"""Which operation is answered by which handler."""

from __future__ import annotations

from typing import NamedTuple

from postman_async.emulator.handlers import (
    apis,
    collections,
    environments,
    imports,
    mocks,
    monitors,
    relations,
    schemas,
    users,
    versions,
    webhooks,
    workspaces,
)
from postman_async.emulator.serving.call import Handler

__all__ = ["ROUTES", "Route"]


class Route(NamedTuple):
    """How an operation is reached: method, path with its parameters in braces, handler."""

    method: str
    path: str
    handler: Handler


_VERSIONS = "/apis/{apiId}/versions"
_VERSION = f"{_VERSIONS}/{{apiVersionId}}"
_SCHEMA = f"{_VERSION}/schemas/{{schemaId}}"

ROUTES: dict[str, Route] = {
    "apis.list": Route("GET", "/apis", apis.list_all),
    "apis.create": Route("POST", "/apis", apis.create),
    "apis.delete": Route("DELETE", "/apis/{apiId}", apis.delete),
    "apis.get": Route("GET", "/apis/{apiId}", apis.get),
    "apis.update": Route("PUT", "/apis/{apiId}", apis.update),
    "apis.list_versions": Route("GET", _VERSIONS, versions.list_all),
    "apis.create_version": Route("POST", _VERSIONS, versions.create),
    "apis.delete_version": Route("DELETE", _VERSION, versions.delete),
    "apis.get_version": Route("GET", _VERSION, versions.get),
    "apis.update_version": Route("PUT", _VERSION, versions.update),
    **{
        f"apis.get_{name}_relations": Route("GET", f"{_VERSION}/{kind}", relations.of_type(kind))
        for name, kind in (
            ("contract_test", "contracttest"),
            ("documentation", "documentation"),
            ("environment", "environment"),
            ("integration_test", "integrationtest"),
            ("monitor", "monitor"),
            ("test_suite", "testsuite"),
        )
    },
    "apis.get_linked_relations": Route("GET", f"{_VERSION}/relations", relations.linked),
    "apis.create_relations": Route("POST", f"{_VERSION}/relations", relations.create),
    "apis.create_schema": Route("POST", f"{_VERSION}/schemas", schemas.create),
    "apis.get_schema": Route("GET", _SCHEMA, schemas.get),
    "apis.update_schema": Route("PUT", _SCHEMA, schemas.update),
    "apis.create_collection_from_schema": Route(
        "POST", f"{_SCHEMA}/collections", schemas.create_collection
    ),
    "apis.sync_relations_with_schema": Route(
        "PUT", f"{_VERSION}/{{entityType}}/{{entityId}}/syncWithSchema", schemas.synchronise
    ),
    "collections.list": Route("GET", "/collections", collections.list_all),
    "collections.create": Route("POST", "/collections", collections.create),
    "collections.fork": Route("POST", "/collections/fork/{collection_uid}", collections.fork),
    "collections.merge": Route("POST", "/collections/merge", collections.merge),
    "collections.delete": Route("DELETE", "/collections/{collection_uid}", collections.delete),
    "collections.get": Route("GET", "/collections/{collection_uid}", collections.get),
    "collections.update": Route("PUT", "/collections/{collection_uid}", collections.update),
    "environments.list": Route("GET", "/environments", environments.list_all),
    "environments.create": Route("POST", "/environments", environments.create),
    "environments.delete": Route("DELETE", "/environments/{environment_uid}", environments.delete),
    "environments.get": Route("GET", "/environments/{environment_uid}", environments.get),
    "environments.update": Route("PUT", "/environments/{environment_uid}", environments.update),
    "imports.exported_data": Route("POST", "/import/exported", imports.exported_data),
    "imports.openapi": Route("POST", "/import/openapi", imports.openapi),
    "users.me": Route("GET", "/me", users.me),
    "mocks.list": Route("GET", "/mocks", mocks.list_all),
    "mocks.create": Route("POST", "/mocks", mocks.create),
    "mocks.delete": Route("DELETE", "/mocks/{mock_uid}", mocks.delete),
    "mocks.get": Route("GET", "/mocks/{mock_uid}", mocks.get),
    "mocks.update": Route("PUT", "/mocks/{mock_uid}", mocks.update),
    "mocks.publish": Route("POST", "/mocks/{mock_uid}/publish", mocks.publish),
    "mocks.unpublish": Route("DELETE", "/mocks/{mock_uid}/unpublish", mocks.unpublish),
    "monitors.list": Route("GET", "/monitors", monitors.list_all),
    "monitors.create": Route("POST", "/monitors", monitors.create),
    "monitors.delete": Route("DELETE", "/monitors/{monitor_uid}", monitors.delete),
    "monitors.get": Route("GET", "/monitors/{monitor_uid}", monitors.get),
    "monitors.update": Route("PUT", "/monitors/{monitor_uid}", monitors.update),
    "monitors.run": Route("POST", "/monitors/{monitor_uid}/run", monitors.run),
    "webhooks.create": Route("POST", "/webhooks", webhooks.create),
    "workspaces.list": Route("GET", "/workspaces", workspaces.list_all),
    "workspaces.create": Route("POST", "/workspaces", workspaces.create),
    "workspaces.delete": Route("DELETE", "/workspaces/{workspace_id}", workspaces.delete),
    "workspaces.get": Route("GET", "/workspaces/{workspace_id}", workspaces.get),
    "workspaces.update": Route("PUT", "/workspaces/{workspace_id}", workspaces.update),
}
"""Every operation the emulator knows, by its id."""
