"""Each thing that an API of 290 operations needs, generated for a small one and called."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.codegen.lower import lower
from postman_async.codegen.read import Spec
from postman_async.engine.http.request import build_request
from postman_async.errors import (
    ConfigurationError,
    InvalidArgumentError,
    NotFoundError,
    ServerError,
)
from postman_async.options import Retries
from postman_async.paging import Page
from tests.codegen.shop import SPEC, Shop
from tests.support import reply, scripted

SHELF = '{"id": 1, "name": "top"}'


async def call(shop: Shop, name: str, /, *ids: Any, answer: bytes = b"", **arguments: Any) -> Any:
    """Call one method and return its value and the request."""
    options = {k: arguments.pop(k) for k in ("strict", "scim_api_key") if k in arguments}
    async with (
        scripted(answer or reply()) as server,
        shop.client(base_url=server.url, **options) as pm,
    ):
        *namespaces, method = name.split(".")
        found = pm
        for namespace in namespaces:
            found = getattr(found, namespace)
        value = await getattr(found, method)(*ids, **arguments)
        (request,) = server.received
        return value, request


# --- names


async def test_an_id_of_three_parts_is_a_method_of_a_sub_namespace(shop: Shop) -> None:
    value, request = await call(shop, "shelves.notes.list", 7, answer=reply(body='["a"]'))
    assert value == ["a"]
    assert (request.method, request.target) == ("GET", "/shelves/7/notes")
    client = shop.client()
    assert client.shelves.notes is client.shelves.notes, "made once"
    assert type(client.shelves.notes).__name__ == "AsyncShelvesNotes"
    assert type(client.shelves.notes.with_raw_response).__name__ == "AsyncShelvesNotesRaw"


def test_a_sub_namespace_has_modules_of_its_own_that_are_loaded_when_needed(shop: Shop) -> None:
    assert {
        "api/shelves_notes.py",
        "api/raw/shelves_notes.py",
        "api/sync/shelves_notes.py",
        "api/sync/raw/shelves_notes.py",
        "operations/shelves_notes.py",
    } <= set(shop.texts)
    at_import = shop.texts["api/shelves.py"].partition("class ")[0].partition("TYPE_CHECKING:")[0]
    assert "shelves_notes" not in at_import


async def test_an_operation_is_called_by_its_id_of_three_parts(shop: Shop) -> None:
    async with scripted(reply(body="[]")) as server, shop.client(base_url=server.url) as pm:
        assert await pm.call("shelves.notes.list", shelf_id=1) == []


# --- arguments


@pytest.mark.parametrize("shelf_id", [12, "12"])
async def test_a_path_parameter_may_be_a_number(shop: Shop, shelf_id: Any) -> None:
    _, request = await call(shop, "shelves.get", shelf_id, answer=reply(body=SHELF))
    assert request.target == "/shelves/12"
    assert "shelf_id: int," in shop.texts["api/shelves.py"]


@pytest.mark.parametrize("shelf_id", [True, 1.5, None, "", ".."])
async def test_what_is_no_number_is_refused_before_anything_is_sent(
    shop: Shop, shelf_id: Any
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"shelves\.get: shelf_id"):
        await shop.client().shelves.get(shelf_id)


async def test_headers_are_arguments_and_constants(shop: Shop) -> None:
    _, request = await call(shop, "shelves.list", identifier_type="scim")
    assert request.headers["identifiertype"] == "scim"
    assert request.headers["accept"] == "application/vnd.shop.v2+json"
    assert request.target == "/shelves?view=full", "a constant query parameter"
    _, request = await call(shop, "shelves.list")
    assert "identifiertype" not in request.headers


async def test_a_header_argument_cannot_smuggle_another_header(shop: Shop) -> None:
    with pytest.raises(InvalidArgumentError, match="identifierType"):
        await shop.client().shelves.list(identifier_type="scim\r\nX-Api-Key: other")


async def test_a_part_of_the_path_may_be_constant(shop: Shop) -> None:
    _, request = await call(shop, "shelves.get_sheet", 1)
    assert request.target == "/shelves/1/kind/spec%20sheet"
    assert shop.operations["shelves.get_sheet"].names == {"shelf_id"}


@pytest.mark.parametrize(
    ("include", "target"),
    [
        ("a", "/shelves?view=full&include=a"),
        (["a", "b"], "/shelves?view=full&include=a,b"),
        (("a",), "/shelves?view=full&include=a"),
        ([], "/shelves?view=full"),
    ],
)
async def test_a_list_in_the_query_is_joined_by_commas(
    shop: Shop, include: Any, target: str
) -> None:
    _, request = await call(shop, "shelves.list", include=include)
    assert request.target.replace("%2C", ",") == target
    assert "include: str | Sequence[str] | Unset = UNSET" in shop.texts["api/shelves.py"]


@given(st.lists(st.text(max_size=5), max_size=4))
def test_no_entry_of_a_joined_list_is_read_as_two(shop: Shop, include: list[str]) -> None:
    operation = shop.operations["shelves.list"]
    if any("," in entry for entry in include):
        with pytest.raises(InvalidArgumentError, match="comma"):
            build_request(operation, {"include": include}, {})
    else:
        query = dict(build_request(operation, {"include": include}, {}).query)
        assert query.get("include", "").split(",") == (include or [""])


# --- bodies


async def test_a_delete_may_have_a_body(shop: Shop) -> None:
    value, request = await call(shop, "shelves.delete_many", ids=[1, 2], answer=reply(body=""))
    assert value is None
    assert (request.method, json.loads(request.body)) == ("DELETE", {"ids": [1, 2]})


async def test_a_body_may_be_a_list_with_a_type_of_its_own(shop: Shop) -> None:
    patch = [{"op": "remove", "path": "/name"}]
    _, request = await call(shop, "shelves.patch_many", operations=patch, answer=reply(204, ""))
    assert json.loads(request.body) == patch
    assert request.headers["content-type"] == "application/json-patch+json"
    with pytest.raises(InvalidArgumentError, match="extra_body"):
        await shop.client().shelves.patch_many(operations=patch, extra_body={"a": 1})


async def test_a_merge_patch_has_its_type(shop: Shop) -> None:
    _, request = await call(shop, "shelves.update", 1, name="x", answer=reply(204, ""))
    assert request.headers["content-type"] == "application/merge-patch+json"
    assert json.loads(request.body) == {"name": "x"}


# --- answers


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("body", ["", "OK", "{}"])
async def test_where_nothing_is_promised_nothing_is_read(
    shop: Shop, status: int, body: str
) -> None:
    answer = reply(status, "" if status == 204 else body)
    value, _ = await call(shop, "shelves.update", 1, answer=answer)
    assert value is None


async def test_an_answer_may_be_text(shop: Shop) -> None:
    answer = reply(body="a: é", Content_Type="text/yaml; charset=utf-8")
    value, request = await call(shop, "shelves.get_sheet", 1, answer=answer)
    assert value == "a: é"
    assert request.headers["accept"] == "text/yaml"
    assert ") -> str:" in shop.texts["api/shelves.py"]


async def test_an_answer_may_be_text_or_json_or_nothing(shop: Shop) -> None:
    yaml = reply(body="a: 1", Content_Type="text/yaml")
    for answer, wanted in [
        (yaml, "a: 1"),
        (reply(body='{"a": 1}'), {"a": 1}),
        (reply(204, ""), None),
    ]:
        value, request = await call(shop, "shelves.check_sheet", 1, answer=answer)
        assert value == wanted
        assert request.headers["accept"] == "application/json, text/yaml"
    assert ") -> str | dict[str, Any] | None:" in shop.texts["api/shelves.py"]


@pytest.mark.parametrize("body", [f'{{"data": {SHELF}}}', SHELF])
async def test_a_value_is_unwrapped_only_where_the_key_is(shop: Shop, body: str) -> None:
    for strict in (False, True):
        answer = reply(body=body)
        shelf, _ = await call(shop, "shelves.get", 1, answer=answer, strict=strict)
        assert (shelf.id, shelf.name) == (1, "top")


async def test_a_redirect_may_be_an_answer(shop: Shop) -> None:
    """The service says with it that the work is not done; it is not followed."""
    async with scripted(reply(302, "", Location="/elsewhere")) as server:
        async with shop.client(base_url=server.url) as pm:
            raw = await pm.shelves.with_raw_response.get(1)
        assert (raw.value, raw.status, raw.headers["location"]) == (None, 302, "/elsewhere")
        assert len(server.received) == 1


# --- pages


async def pages(
    shop: Shop, walk: str, *bodies: Any, **arguments: Any
) -> tuple[list[Any], list[str]]:
    """Walk over these pages; return the entries, and what was asked for."""
    answers = [reply(body=json.dumps(body)) for body in bodies]
    async with scripted(*answers) as server:
        async with shop.client(base_url=server.url, scim_api_key="scim") as pm:
            namespace, _, method = walk.partition(".")
            found = [x async for x in getattr(getattr(pm, namespace), method)(**arguments)]
        return found, [request.target for request in server.received]


async def test_a_cursor_may_be_in_metadata(shop: Shop) -> None:
    first = {"data": [{"id": 1}], "metadata": {"nextCursor": "c"}}
    found, targets = await pages(shop, "shelves.iter", first, {"data": [{"id": 2}]})
    assert [shelf.id for shelf in found] == [1, 2]
    assert targets == ["/shelves?view=full", "/shelves?view=full&cursor=c"]


async def test_a_list_may_lie_two_keys_deep_and_end_by_its_total(shop: Shop) -> None:
    meta = {"totalCount": 3}
    bodies = [{"data": {"entities": entities}, "meta": meta} for entities in ([1, 2], [3])]
    found, targets = await pages(shop, "shelves.iter_counts", *bodies)
    assert found == [1, 2, 3]
    assert targets == ["/shelves/count", "/shelves/count?offset=2"]


async def test_pages_of_scim_are_counted_from_one(shop: Shop) -> None:
    bodies = [
        {"Resources": r, "totalResults": 3} for r in ([{"id": "a"}, {"id": "b"}], [{"id": "c"}])
    ]
    found, targets = await pages(shop, "staff.iter", *bodies, count=2)
    assert [person["id"] for person in found] == ["a", "b", "c"]
    assert targets == ["/scim/Users?count=2", "/scim/Users?startIndex=3&count=2"]


async def test_a_page_of_scim_keeps_what_is_said_beside_the_list(shop: Shop) -> None:
    body = json.dumps({"Resources": [{}], "totalResults": 9, "startIndex": 1})
    page, _ = await call(shop, "staff.list", answer=reply(body=body), scim_api_key="scim")
    assert isinstance(page, Page)
    assert page.meta == {"totalResults": 9, "startIndex": 1}


# --- credentials


def secrets(request: Any) -> dict[str, str]:
    return {k: v for k, v in request.headers.items() if k in {"x-api-key", "authorization"}}


async def test_a_call_may_have_basic_authentication_instead_of_the_key(shop: Shop) -> None:
    pair: dict[str, Any] = {"client_id": "me", "client_secret": "sécret"}
    _, request = await call(shop, "access.create_token", **pair, grant_type="x")
    assert secrets(request) == {
        "authorization": "Basic " + base64.b64encode("me:sécret".encode()).decode()
    }
    assert json.loads(request.body) == {"grant_type": "x"}


@pytest.mark.parametrize(
    "pair", [("a:b", "s3cret"), ("", "s3cret"), (1, "s3cret"), ("a\ud800", "s3cret")]
)
async def test_a_pair_that_cannot_be_sent_is_refused_without_its_secret(
    shop: Shop, pair: Any
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await shop.client().access.create_token(client_id=pair[0], client_secret=pair[1])
    assert "s3cret" not in str(caught.value)


async def test_a_call_may_need_no_key(shop: Shop) -> None:
    _, request = await call(shop, "access.revoke_token", answer=reply(202, ""))
    assert secrets(request) == {}


async def test_an_argument_may_replace_the_key(shop: Shop) -> None:
    _, request = await call(shop, "access.read", access_key="PMAT")
    assert secrets(request) == {}
    _, request = await call(shop, "access.read")
    assert secrets(request) == {"x-api-key": "PMAK-shop"}


async def test_scim_has_a_key_of_its_own(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    _, targets = await pages(shop, "staff.iter", {"Resources": []})
    assert targets == ["/scim/Users"]
    monkeypatch.setenv("POSTMAN_SCIM_API_KEY", "from-environment")
    body = reply(body='{"Resources": []}')
    _, request = await call(shop, "staff.list", answer=body)
    assert secrets(request) == {"authorization": "Bearer from-environment"}


async def test_without_a_scim_key_nothing_is_sent(shop: Shop) -> None:
    async with scripted() as server, shop.client(base_url=server.url) as pm:
        with pytest.raises(ConfigurationError, match="POSTMAN_SCIM_API_KEY"):
            await pm.staff.list()
        assert server.received == []


@pytest.mark.parametrize("key", ["a b", "a\r\nb", "é"])
def test_a_scim_key_that_cannot_be_a_header_is_refused(shop: Shop, key: str) -> None:
    with pytest.raises(ConfigurationError, match="SCIM") as caught:
        shop.client(scim_api_key=key)
    assert key not in str(caught.value)


def test_no_secret_is_in_the_repr_of_a_request(shop: Shop) -> None:
    arguments = {"client_id": "me", "client_secret": "s3cret"}
    request = build_request(shop.operations["access.create_token"], arguments, {})
    encoded = base64.b64encode(b"me:s3cret").decode()
    assert encoded in request.headers["Authorization"]
    assert encoded not in repr(request)


# --- again or not


@pytest.mark.parametrize(
    ("name", "times"), [("shelves.check_sheet", 2), ("shelves.update", 1), ("shelves.get", 2)]
)
async def test_a_safe_post_is_sent_again_and_a_patch_never(
    shop: Shop, name: str, times: int
) -> None:
    async with scripted(reply(500), reply(body=SHELF)) as server:
        async with shop.client(base_url=server.url) as pm:
            method = getattr(pm.shelves, name.partition(".")[2])
            try:
                await method(1, retries=Retries(attempts=2, backoff=0))
            except ServerError:
                assert times == 1
        assert len(server.received) == times


# --- docstrings


async def test_a_deprecated_method_warns_and_says_what_to_use_instead(shop: Shop) -> None:
    with pytest.warns(
        DeprecationWarning, match=r"shelves\.replace is deprecated\. Use `shelves\.up"
    ):
        await call(shop, "shelves.replace", 1, answer=reply(body=SHELF))
    assert "Deprecated: Use `shelves.update`." in shop.texts["api/shelves.py"]


def test_the_warning_of_a_deprecated_method_points_to_the_caller(shop: Shop) -> None:
    with (
        shop.sync() as pm,
        pytest.warns(DeprecationWarning, match="deprecated") as caught,
        pytest.raises(InvalidArgumentError),
    ):
        pm.shelves.replace(None)
    assert caught[0].filename == __file__


def test_a_docstring_lists_the_errors_that_are_special_to_the_call(shop: Shop) -> None:
    text = (
        shop.texts["api/shelves.py"]
        .partition("async def get(")[2]
        .partition('"""\n        result')[0]
    )
    raises = [line.strip() for line in text.partition("Raises:\n")[2].strip().splitlines()]
    assert raises == [
        "NotFoundError: No shelf has this id (shelfNotFound).",
        "PostmanError: The errors of every call, see `postman_async.errors`.",
    ]


async def test_an_error_has_the_name_of_its_type(shop: Shop) -> None:
    body = json.dumps({"type": "https://x.example/problems/not-found", "title": "Not Found"})
    with pytest.raises(NotFoundError) as caught:
        await call(shop, "shelves.get", 1, answer=reply(404, body))
    assert caught.value.name == "not-found"


def test_a_large_group_may_be_a_folder_of_files(shop: Shop) -> None:
    note = {"type": "object", "description": "A note.", "properties": {"id": {
        "type": "integer", "description": "its id."}}}  # fmt: skip
    document = copy.deepcopy(dict(SPEC.documents["shop.yaml"]))
    answer = {"$ref": "shelves/notes.yaml#/components/schemas/Note"}
    get = document["paths"]["/shelves/{shelfId}/notes"]["get"]
    get["responses"]["200"]["content"]["application/json"]["schema"]["items"] = answer
    parts = {"components": {"schemas": {"Note": note}}}
    api = lower(Spec({"shelves/notes.yaml": parts, "shop.yaml": document}))
    assert [model.ref.name for model in api.models["shelves_notes"]] == ["Note"]
