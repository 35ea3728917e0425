"""Which operation is answered by which handler."""

from __future__ import annotations

from typing import NamedTuple

from postman_async.emulator.app import Handler
from postman_async.emulator.handlers import collections, environments, monitors, users, workspaces

__all__ = ["ROUTES", "Route"]


class Route(NamedTuple):
    """How an operation is reached: method, path with its parameters in braces, handler."""

    method: str
    path: str
    handler: Handler


ROUTES: dict[str, Route] = {
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
    "users.me": Route("GET", "/me", users.me),
    "monitors.list": Route("GET", "/monitors", monitors.list_all),
    "monitors.create": Route("POST", "/monitors", monitors.create),
    "monitors.delete": Route("DELETE", "/monitors/{monitor_uid}", monitors.delete),
    "monitors.get": Route("GET", "/monitors/{monitor_uid}", monitors.get),
    "monitors.update": Route("PUT", "/monitors/{monitor_uid}", monitors.update),
    "monitors.run": Route("POST", "/monitors/{monitor_uid}/run", monitors.run),
    "workspaces.list": Route("GET", "/workspaces", workspaces.list_all),
    "workspaces.create": Route("POST", "/workspaces", workspaces.create),
    "workspaces.delete": Route("DELETE", "/workspaces/{workspace_id}", workspaces.delete),
    "workspaces.get": Route("GET", "/workspaces/{workspace_id}", workspaces.get),
    "workspaces.update": Route("PUT", "/workspaces/{workspace_id}", workspaces.update),
}
"""Every operation the emulator knows, by its id."""
