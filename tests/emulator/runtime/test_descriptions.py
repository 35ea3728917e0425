"""Descriptions that expand too far are refused before a document is built."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from postman_async.emulator import PostmanEmulator
from postman_async.emulator.errors import ServiceError
from postman_async.emulator.runtime.descriptions import check_description, openapi_version
from postman_async.emulator.state.validation import MAX_DEPTH
from tests.emulator.conftest import Api
from tests.emulator.handlers.test_apis import add_api, add_version
from tests.emulator.kit import QuickRuntime

LAUGHS = "\n".join(
    ["x0: &x0 [lol, lol]"]
    + [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 30)]
    + ["openapi: *x29", "info: {title: a, version: '1'}", "paths: {}"]
)
MERGES = "\n".join(
    ["x0: &x0 {a: b}"]
    + [f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 9)}]}}" for n in range(1, 30)]
    + ["openapi: 3.0.0"]
)
LONG_TEXT = f"x: &x {'a' * 10_000}\ny: [{', '.join(['*x'] * 3000)}]\nopenapi: 3.0.0"
BOMBS = {
    "laughs": LAUGHS,
    "as JSON looks": "{" + LAUGHS.replace("\n", ", ") + "}",
    "merges": MERGES,
    "long text": LONG_TEXT,
    "itself": "openapi: &x [*x]",
    "deep": "openapi: " + "[" * 900 + "]" * 900,
    "very deep": "openapi: " + "[" * 100_000,
    "deep JSON": "[" * 900 + "]" * 900,
    "deep blocks": "\n".join(" " * n + "a:" for n in range(MAX_DEPTH + 2)),
}


@pytest.fixture
async def quick() -> AsyncIterator[Api]:
    """An emulator whose runtime converts anything: only the check can stop a bomb."""
    async with PostmanEmulator(engine=QuickRuntime()) as emulator:
        headers = {"X-Api-Key": emulator.api_key}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Api(emulator, session)


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
async def test_a_bomb_is_malformed_wherever_it_is_sent(quick: Api, bomb: str) -> None:
    """`openapi: *alias` expanded 800 bytes to 10**28 texts."""
    sent = await quick.call("POST", "/import/openapi", {"type": "string", "input": bomb})
    assert (sent.status, sent.error) == (400, "malformedRequestError")
    assert sent.body["error"]["message"].startswith("The description ")
    assert (await quick.call("GET", "/me")).status == 200


async def test_the_schema_of_an_api_is_no_way_around(quick: Api) -> None:
    version = await add_version(quick, (await add_api(quick))["id"])
    fields = {"type": "openapi3", "language": "yaml", "schema": LAUGHS}
    schema = await quick.ok("POST", f"{version}/schemas", {"schema": fields})
    made = {"name": "a", "relations": [{"type": "documentation"}]}
    answer = await quick.call("POST", f"{version}/schemas/{schema['id']}/collections", made)
    assert (answer.status, answer.error) == (400, "malformedRequestError")
    collection = await quick.add_collection()
    await quick.call("POST", f"{version}/relations", {"documentation": [collection]})
    path = f"{version}/documentation/{collection}/syncWithSchema"
    assert (await quick.call("PUT", path)).status == 400


def test_what_uses_aliases_as_people_do_is_fine() -> None:
    check_description("a: &a {b: c}\nd: [*a, *a]\ne: {<<: *a}\nopenapi: 3.0.0")
    check_description('{"openapi": "3.0.0", "paths": {"/a": {}}}')
    check_description("no: [yaml")
    check_description("half \ud83d: of a pair")


def test_growth_is_counted_and_not_made() -> None:
    """Twice as many levels take twice as many steps, whatever their expanded size."""
    for levels in (100, 200):
        lines = [f"x{n}: &x{n} [*x{n - 1}, *x{n - 1}]" for n in range(1, levels)]
        with pytest.raises(ServiceError, match="repeat more than"):
            check_description("\n".join(["x0: &x0 a", *lines]))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("openapi: 3.0.3", "3.0.3"),
        ('{"a": {"openapi": "1"}, "openapi": "3.1.0"}', "3.1.0"),
        ("openapi: 3.0", "3.0"),
        ("- openapi\n- 3.0.0", ""),
        ("info: openapi\npaths: 3.0.0", ""),
        ("openapi: [3.0.0]", ""),
        (LAUGHS, ""),
        ("", ""),
        ("swagger: '2.0'", ""),
    ],
)
def test_the_version_is_read_without_building_the_rest(text: str, version: str) -> None:
    assert openapi_version(text) == version


NESTED = st.recursive(
    st.text(max_size=5) | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
)


@settings(max_examples=100, deadline=None)
@given(value=st.dictionaries(st.sampled_from(["openapi", "info", "paths"]), NESTED))
def test_any_small_description_passes_and_keeps_its_version(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value)
    check_description(text)
    expected = value.get("openapi")
    if isinstance(expected, str):
        assert openapi_version(text) == expected
