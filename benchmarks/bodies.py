"""The documents that are sent and read: made up here, in the shapes the service documents."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["ENVIRONMENT_UID", "MONITOR_UID", "SMALL", "big_collection", "run_result"]

MONITOR_UID = "12345678-1e6b6cb1-0000-4000-8000-000000000001"
ENVIRONMENT_UID = "12345678-5daabc50-0000-4000-8000-000000000002"

SMALL = json.dumps(
    {"environment": {"id": ENVIRONMENT_UID[9:], "name": "Production", "owner": "12345678",
     "values": [{"key": "host", "value": "example.com", "enabled": True, "type": "default"}]}}
).encode()  # fmt: skip
"""The answer to a small GET."""


def run_result(executions: int) -> bytes:
    """Return the answer to ``POST /monitors/{uid}/run`` with that many executions."""
    made = [_execution(number) for number in range(1, executions + 1)]
    failed = [e for e in made if not all(e["assertions"].values())]
    run = {
        "info": {
            "jobId": "1e6ba2e3-0000-4000-8000-000000000003",
            "monitorId": MONITOR_UID[9:],
            "name": "Checkout #56",
            "collectionUid": "12345678-1d3daef4-0000-4000-8000-000000000004",
            "status": "failed" if failed else "success",
            "startedAt": "2026-01-04T14:30:25.000Z",
            "finishedAt": "2026-01-04T14:30:26.000Z",
        },
        "stats": {
            "assertions": {"total": executions, "failed": len(failed)},
            "requests": {"total": executions, "failed": len(failed)},
        },
        "executions": made,
        "failures": [_failure(execution) for execution in failed],
    }
    return json.dumps({"run": run}).encode()


def _execution(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "item": {"id": f"b5e8d7dd-0000-4000-8000-{number:012}", "name": f"Request {number}"},
        "request": {
            "method": "POST",
            "url": "https://shop.example.com/orders",
            "headers": {"accept": "*/*", "content-type": "application/json", "content-length": 18},
            "body": {"contentLength": 18, "mode": "raw"},
            "timestamp": "2026-01-04T14:30:26.025Z",
        },
        "response": {
            "code": 200,
            "headers": {"content-type": "application/json", "connection": "keep-alive"},
            "body": {"contentLength": 298},
            "responseTime": 26,
            "responseSize": 298,
        },
        "assertions": {"Status code is 200": number % 20 != 1},
    }


def _failure(execution: dict[str, Any]) -> dict[str, Any]:
    return {
        "executionId": execution["id"],
        "name": "AssertionError",
        "message": "expected response to have status code 200 but got 500",
        "assertion": {"Status code is 200": False},
    }


def big_collection(megabytes: float = 3.0) -> bytes:
    """Return the answer to ``GET /collections/{uid}`` of about that size."""
    folders: list[dict[str, Any]] = []
    size = 0
    while size < megabytes * 1e6:
        folder = _folder(len(folders))
        size += len(json.dumps(folder))
        folders.append(folder)
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    info = {"name": "Everything", "_postman_id": "1d3daef4-0000-4000-8000-4", "schema": schema}
    return json.dumps({"collection": {"info": info, "item": folders}}).encode()


def _folder(number: int) -> dict[str, Any]:
    items = [_item(f"{number}-{index}") for index in range(20)]
    return {"name": f"Folder {number}", "id": f"f-{number}", "description": "", "item": items}


def _item(name: str) -> dict[str, Any]:
    script = {"type": "text/javascript", "exec": ["pm.test('ok', () => {", "  true;", "});"]}
    url = {
        "raw": "{{host}}/orders/:id?full=true",
        "host": ["{{host}}"],
        "path": ["orders", ":id"],
        "query": [{"key": "full", "value": "true"}],
        "variable": [{"key": "id", "value": "7"}],
    }
    return {
        "name": name,
        "id": f"i-{name}",
        "event": [{"listen": "test", "script": script}],
        "request": {
            "method": "PUT",
            "header": [{"key": "Accept", "value": "application/json"}],
            "url": url,
            "body": {"mode": "raw", "raw": '{"state": "paid"}'},
        },
        "response": [],
    }
