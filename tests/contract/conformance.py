"""Runs schemathesis, a third-party tool, on the emulator and the description.

``python -m tests.contract.conformance COMMAND [OPTION…]``: the command is schemathesis, which CI
installs into an environment of its own.  It makes requests out of the description, right and
wrong ones, and holds every answer against it.  The requests are the same each time, and so many
that they take about a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from postman_async.emulator import PostmanEmulator
from tests.contract.bundle import bundle

OPTIONS = (
    *("--phases", "examples,coverage,fuzzing", "--mode", "all", "--continue-on-failure"),
    *("--generation-deterministic", "--max-examples", "10"),
    *("--request-timeout", "20", "--workers", "1", "--warnings", "off", "--no-color"),
)
# Positive data acceptance is off: the schemas cannot distinguish a valid cursor, cron pattern or id
# from other texts.  So is Allow: "/collections/merge" is also a path of a collection, and
# allows the methods of both.
CHECKS = """
[checks]
positive_data_acceptance.enabled = false
allow_header_conformance.enabled = false
"""
# The service accepts documents with undescribed fields, and returns them whole; and it accepts
# times in queries in every form of ISO 8601.
LENIENT = ("/collections", "/environments", "/apis?")
COLLECTION = {"info": {"name": "Shop"}, "item": []}
ENVIRONMENT = {"name": "Staging", "values": []}


def main(command: str, *options: str) -> int:
    """Return the exit code of schemathesis."""
    with tempfile.TemporaryDirectory() as folder, PostmanEmulator(seed=1) as emulator:
        document = bundle()
        Path(folder, "openapi.json").write_text(json.dumps(document))
        settings = "".join(_settings(document, _known_ids(emulator), _known_ids(emulator)))
        Path(folder, "schemathesis.toml").write_text(settings)
        target = ("--url", emulator.url, "--header", f"X-Api-Key:{emulator.api_key}")
        run = [command, "run", "openapi.json", *target, *OPTIONS, *options]
        return subprocess.run(run, cwd=folder, check=False).returncode


def _known_ids(emulator: PostmanEmulator) -> dict[str, str]:
    """Create one entity of each kind, so that answers other than 404 are possible."""
    (collection,), (environment,) = emulator.load(COLLECTION), emulator.load(ENVIRONMENT)
    api = _made(emulator, "/apis", api={"name": "Shop"})["id"]
    version = _made(emulator, f"/apis/{api}/versions", version={"name": "1"})["id"]
    document = {"type": "openapi3", "language": "json", "schema": "{}"}
    schemas = f"/apis/{api}/versions/{version}/schemas"
    return {
        "apiId": api,
        "apiVersionId": version,
        "schemaId": _made(emulator, schemas, schema=document)["id"],
        "collection_uid": collection,
        "environment_uid": environment,
        "mock_uid": _made(emulator, "/mocks", mock={"name": "m", "collection": collection})["uid"],
        "monitor_uid": emulator.add_monitor("checkout"),
        "workspace_id": emulator.default_workspace,
    }


def _made(emulator: PostmanEmulator, path: str, **document: Any) -> Any:
    """Create an entity over HTTP, and return it."""
    headers = {"X-Api-Key": emulator.api_key, "Content-Type": "application/json"}
    body = json.dumps(document).encode()
    request = urllib.request.Request(f"{emulator.url}{path}", body, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        (made,) = json.load(answer).values()
        return made


def _settings(
    document: Mapping[str, Any], known: Mapping[str, str], changed: Mapping[str, str]
) -> Iterator[str]:
    """Yield the settings of operations; updates use other entities than the rest."""
    yield CHECKS
    for path, item in document["paths"].items():
        for method in item.keys() & {"get", "put", "post", "delete"}:
            ids = changed if method == "put" else known
            given = {name: value for name, value in ids.items() if f"{{{name}}}" in path}
            lines = list(_settings_of(method, path, given))
            if lines:
                yield f'[[operations]]\ninclude-name = "{method.upper()} {path}"\n'
                yield from lines


def _settings_of(method: str, path: str, given: Mapping[str, str]) -> Iterator[str]:
    if given and method != "delete":  # a deletion would affect the other operations
        pairs = (f'"path.{name}" = "{value}"' for name, value in given.items())
        yield f"parameters = {{ {', '.join(pairs)} }}\n"
    if f"{path}?".startswith(LENIENT):
        yield "checks.negative_data_rejection.enabled = false\n"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
