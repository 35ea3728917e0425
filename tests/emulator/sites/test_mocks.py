"""Mock servers over sockets: they answer with the saved examples."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

from postman_async.emulator.state.ids import bare_id

if TYPE_CHECKING:
    import aiohttp

    from tests.emulator.conftest import Api

Json: TypeAlias = dict[str, Any]


def example(code: int = 200, body: str = "", **fields: Any) -> Json:
    """Return an example; its id and name are its status."""
    return {"id": f"e{code}", "name": f"e{code}", "code": code, "body": body, **fields}


def request(url: str, *examples: Json, method: str = "GET", **fields: Any) -> Json:
    """Return a request with its examples."""
    sent = {"url": url, "method": method, **fields}
    responses = [{"originalRequest": sent, **each} for each in examples]
    return {"name": url, "request": sent, "response": responses}


class Heard(NamedTuple):
    """An answer of a mock server."""

    status: int
    text: str
    headers: Any


class Mock:
    """A mock server, which is called without the API key."""

    def __init__(self, api: Api, shown: Json, session: aiohttp.ClientSession) -> None:
        self.api, self.shown, self.session = api, shown, session

    @property
    def path(self) -> str:
        """The path of the mock in the API."""
        return f"/mocks/{self.shown['uid']}"

    async def call(self, path: str, method: str = "GET", **options: Any) -> Heard:
        """Send a request to the mock server."""
        url = self.shown["mockUrl"] + path
        async with self.session.request(method, url, **options) as response:
            return Heard(response.status, await response.text(), response.headers)

    async def change(self, **fields: Any) -> Json:
        """Update the settings of the mock server."""
        changed: Json = await self.api.ok("PUT", self.path, {"mock": fields})
        return changed


@pytest.fixture
async def anybody() -> Any:
    """A session without the API key."""
    import aiohttp

    async with aiohttp.ClientSession() as session:
        yield session


async def mocked(api: Api, anybody: Any, *items: Json, **fields: Any) -> Mock:
    """Create a collection of these requests, and a mock server of it."""
    more = {key: fields.pop(key) for key in ("variable",) if key in fields}
    uid = await api.add_collection("Pets", *items, **more)
    body = {"mock": {"collection": uid, **fields}}
    return Mock(api, await api.ok("POST", "/mocks", body), anybody)


# -- what it answers ------------------------------------------------------------------------


async def test_a_mock_answers_with_the_saved_example(api: Api, anybody: Any) -> None:
    headers = [{"key": "Content-Type", "value": "application/json"}, {"key": "X-A", "value": "1"}]
    saved = example(201, '{"name": "Rex"}', header=headers)
    mock = await mocked(api, anybody, request("{{url}}/pets", saved, method="POST"))
    heard = await mock.call("/pets", "POST")
    assert (heard.status, heard.text, heard.headers["X-A"]) == (201, '{"name": "Rex"}', "1")
    assert heard.headers["Content-Type"] == "application/json"


async def test_what_is_not_saved_is_not_found(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("{{url}}/pets", example()))
    for path, method in (("/owners", "GET"), ("/pets", "POST"), ("", "GET")):
        heard = await mock.call(path, method)
        assert heard.status == 404
        assert '"mockRequestNotFoundError"' in heard.text


async def test_a_variable_in_the_path_stands_for_anything_and_comes_back(
    api: Api, anybody: Any
) -> None:
    saved = example(200, '{"id": "{{id}}"}')
    mock = await mocked(api, anybody, request("{{url}}/pets/{{id}}", saved))
    assert (await mock.call("/pets/re%2Fx")).text == '{"id": "re/x"}'
    await mock.change(config={"matchWildcards": False})
    assert (await mock.call("/pets/rex")).status == 404


async def test_the_closest_example_wins(api: Api, anybody: Any) -> None:
    mock = await mocked(
        api,
        anybody,
        request("{{url}}/pets/:id", example(200, "any")),
        request("{{url}}/pets/rex", example(202, "rex")),
        request("{{url}}/pets/rex?full=1", example(203, "all of rex")),
    )
    assert (await mock.call("/pets/tom")).text == "any"
    assert (await mock.call("/pets/rex")).text == "rex"
    assert (await mock.call("/pets/rex?full=1")).text == "all of rex"
    await mock.change(config={"matchQueryParams": False})
    assert (await mock.call("/pets/rex?full=1")).text in ("rex", "all of rex")


async def test_headers_pick_an_example(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("/pets", example(), example(404), example(500)))
    for name, value, status in (
        ("x-mock-response-code", "404", 404),
        ("x-mock-response-name", "e500", 500),
        ("x-mock-response-id", "e404", 404),
        ("x-mock-response-id", "20413871-e404", 404),
    ):
        assert (await mock.call("/pets", headers={name: value})).status == status
    for name in ("x-mock-response-code", "x-mock-response-name", "x-mock-response-id"):
        heard = await mock.call("/pets", headers={name: "418"})
        assert (heard.status, name in heard.text) == (404, True)


async def test_bodies_and_headers_count_where_the_configuration_says_so(
    api: Api, anybody: Any
) -> None:
    def pet(name: str, code: int, language: str) -> Json:
        body = {"mode": "raw", "raw": f'{{"name": "{name}"}}'}
        headers = [
            {"key": "Content-Type", "value": "application/json"},
            {"key": "Accept-Language", "value": language},
        ]
        return request("/pets", example(code), method="POST", body=body, header=headers)

    mock = await mocked(api, anybody, pet("Rex", 200, "de"), pet("Tom", 201, "en"))
    ask: Json = {"json": {"name": "Tom"}, "headers": {"Accept-Language": "de"}}
    assert (await mock.call("/pets", "POST", **ask)).status == 200
    await mock.change(config={"matchBody": True})
    assert (await mock.call("/pets", "POST", **ask)).status == 201
    await mock.change(config={"headers": ["Accept-Language"]})
    assert (await mock.call("/pets", "POST", **ask)).status == 404
    await mock.change(config={"matchHeader": False})
    assert (await mock.call("/pets", "POST", **ask)).status == 201


async def test_variables_come_from_the_collection_and_the_environment(
    api: Api, anybody: Any
) -> None:
    environment = await api.add_environment("Staging", kind="cat", greeting="Hi {{name}}")
    variable = [{"key": "kind", "value": "dog"}, {"key": "name", "value": "Rex"}]
    saved = example(200, "{{greeting}}, {{kind}} {{unknown}}")
    item = request("{{url}}/{{kind}}", saved)
    mock = await mocked(api, anybody, item, variable=variable, environment=environment)
    assert mock.shown["environment"] == environment
    assert (await mock.call("/cat")).text == "Hi Rex, cat {{unknown}}"
    assert "environment" not in await mock.change(environment=None)
    assert (await mock.call("/dog")).text == "{{greeting}}, dog {{unknown}}"
    assert (await mock.call("/cat")).status == 404


async def test_a_change_of_the_collection_is_served_at_once(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("/pets", example(200, "old")))
    uid = mock.shown["collection"]
    document = await api.ok("GET", f"/collections/{uid}")
    document["item"][0]["response"][0]["body"] = "new"
    await api.ok("PUT", f"/collections/{uid}", {"collection": document})
    assert (await mock.call("/pets")).text == "new"


async def test_any_page_may_call_a_mock(api: Api, anybody: Any) -> None:
    """Browsers send a preflight; the answer allows the requested method and headers."""
    mock = await mocked(api, anybody, request("/pets", example()))
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "X-A"}
    heard = await mock.call("/pets", "OPTIONS", headers={"Origin": "https://a.org", **asked})
    assert heard.status == 204
    assert heard.headers["Access-Control-Allow-Methods"] == "PUT"
    assert heard.headers["Access-Control-Allow-Headers"] == "X-A"
    for path in ("/pets", "/nothing"):
        assert (await mock.call(path)).headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_has_none(api: Api, anybody: Any, status: int) -> None:
    mock = await mocked(api, anybody, request("/pets", example(status, "ignored")))
    heard = await mock.call("/pets")
    assert (heard.status, heard.text) == (status, "")


async def test_headers_that_cannot_be_sent_are_left_out(api: Api, anybody: Any) -> None:
    headers = [
        {"key": "Content-Length", "value": "7"},
        {"key": "Transfer-Encoding", "value": "chunked"},
        {"key": "Content-Encoding", "value": "gzip"},
        {"key": "two words", "value": "x"},
        {"key": "X-Split", "value": "a\r\nX-Evil: 1"},
        {"key": "X-Good", "value": "1"},
    ]
    mock = await mocked(api, anybody, request("/pets", example(200, "fine", header=headers)))
    heard = await mock.call("/pets")
    assert (heard.status, heard.text, heard.headers["X-Good"]) == (200, "fine", "1")
    assert not {"X-Split", "X-Evil", "Content-Encoding"} & set(heard.headers)


async def test_a_server_response_answers_everything(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("/pets", example()))
    uid = mock.shown["uid"]
    down = api.emulator.add_server_response(uid, status=503, headers={"X-A": "1"}, body="down")
    assert (await mock.call("/pets")).status == 200
    assert (await mock.change(config={"serverResponseId": down}))["config"][
        "serverResponseId"
    ] == down
    heard = await mock.call("/anything", "DELETE")
    assert (heard.status, heard.text, heard.headers["X-A"]) == (503, "down", "1")
    await mock.change(config={"serverResponseId": None})
    assert (await mock.call("/pets")).status == 200


# -- who may call it ------------------------------------------------------------------------


async def test_a_private_mock_wants_the_key(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("/pets", example()), private=True)
    assert mock.shown["isPublic"] is False
    heard = await mock.call("/pets")
    assert (heard.status, '"AuthenticationError"' in heard.text) == (401, True)
    assert (await mock.call("/pets", headers={"x-api-key": "wrong"})).status == 401
    key = {"x-api-key": api.emulator.api_key}
    assert (await mock.call("/pets", headers=key)).status == 200


async def test_publishing_and_unpublishing_change_that(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("/pets", example()), private=True)
    bare = bare_id(mock.shown["uid"])
    assert await api.ok("POST", f"{mock.path}/publish") == {"id": bare}
    again = await api.call("POST", f"{mock.path}/publish")
    assert (again.status, again.error) == (400, "mockAlreadyPublishedError")
    assert (await mock.call("/pets")).status == 200
    assert (await api.ok("GET", mock.path))["isPublic"] is True
    assert await api.ok("DELETE", f"{mock.path}/unpublish") == {"id": bare}
    again = await api.call("DELETE", f"{mock.path}/unpublish")
    assert (again.status, again.error) == (400, "mockAlreadyUnpublishedError")
    assert (await mock.call("/pets")).status == 401
    await mock.change(private=False)
    assert (await mock.call("/pets")).status == 200


# -- its settings ---------------------------------------------------------------------------


async def test_a_mock_comes_back_as_it_was_made(api: Api, anybody: Any) -> None:
    delay = {"type": "fixed", "duration": 5}
    mock = await mocked(
        api, anybody, name="Pets mock", description="d", versionTag="v", config={"delay": delay}
    )
    found = await api.ok("GET", mock.path)
    assert found == mock.shown
    assert (found["name"], found["isPublic"], found["owner"]) == ("Pets mock", True, "20413871")
    assert found["mockUrl"] == f"{api.emulator.url}/_mocks/{found['id']}"
    assert found["config"] == {
        "headers": [],
        "matchBody": False,
        "matchQueryParams": True,
        "matchWildcards": True,
        "delay": delay,
        "serverResponseId": None,
    }
    found["config"].pop("serverResponseId")
    assert await api.ok("GET", "/mocks") == [found]


async def test_a_mock_is_named_after_its_collection(api: Api, anybody: Any) -> None:
    assert (await mocked(api, anybody)).shown["name"] == "Pets"


async def test_mocks_are_listed_by_workspace_and_team(api: Api, anybody: Any) -> None:
    workspace = await api.add_workspace()
    collection = await api.add_collection()
    body = {"mock": {"collection": collection}}
    mine = await api.ok("POST", "/mocks", body, workspace=workspace)
    other = await api.ok("POST", "/mocks", body)
    for each in (mine, other):
        del each["config"]["serverResponseId"]
    assert await api.ok("GET", "/mocks", workspace=workspace) == [mine]
    assert await api.ok("GET", "/mocks", workspace=workspace, teamId="1") == [mine]
    me = (await api.call("GET", "/me")).body["user"]
    assert await api.ok("GET", "/mocks", teamId=str(me["teamId"])) == [mine, other]
    assert await api.ok("GET", "/mocks", teamId="1") == []


async def test_a_list_has_no_null_for_a_server_response(api: Api, anybody: Any) -> None:
    """The official TypeScript client accepts null for one mock, but not in a list."""
    mock = await mocked(api, anybody)
    (listed,) = await api.ok("GET", "/mocks")
    assert "serverResponseId" not in listed["config"]
    assert (await api.ok("GET", mock.path))["config"]["serverResponseId"] is None
    made = api.emulator.add_server_response(mock.shown["uid"], status=503)
    await mock.change(config={"serverResponseId": made})
    (listed,) = await api.ok("GET", "/mocks")
    assert listed["config"]["serverResponseId"] == made


async def test_an_update_changes_what_it_names_and_nothing_else(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, name="old")
    other = await api.add_collection("Other")
    changed = await mock.change(name="new", collection=other)
    same = {key: value for key, value in mock.shown.items() if key not in ("name", "updatedAt")}
    assert changed["name"] == "new"
    assert {**same, "collection": other}.items() <= changed.items()


async def test_a_deleted_mock_answers_no_more(api: Api, anybody: Any) -> None:
    mock = await mocked(api, anybody, request("/pets", example()))
    uid = mock.shown["uid"]
    assert await api.ok("DELETE", mock.path) == {"id": bare_id(uid), "uid": uid}
    heard = await mock.call("/pets")
    assert (heard.status, '"mockNotFoundError"' in heard.text) == (404, True)
    assert (await api.call("GET", mock.path)).status == 404


async def test_a_mock_goes_with_its_collection_and_outlives_its_environment(
    api: Api, anybody: Any
) -> None:
    environment = await api.add_environment()
    item = request("/pets", example(200, "still"))
    mock = await mocked(api, anybody, item, environment=environment)
    await api.ok("DELETE", f"/environments/{environment}")
    assert "environment" not in await api.ok("GET", mock.path)
    assert (await mock.call("/pets")).text == "still"
    await api.ok("DELETE", f"/collections/{mock.shown['collection']}")
    assert (await api.call("GET", mock.path)).status == 404
    assert await api.ok("GET", "/mocks") == []


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"collection": None}, "paramMissingError"),
        ({"collection": 1}, "malformedRequestError"),
        ({"collection": "nothing"}, "instanceNotFoundError"),
        ({"environment": "nothing"}, "instanceNotFoundError"),
        ({"name": ""}, "malformedRequestError"),
        ({"private": "yes"}, "malformedRequestError"),
        ({"config": []}, "malformedRequestError"),
        ({"config": {"matchBody": 1}}, "malformedRequestError"),
        ({"config": {"headers": [1]}}, "malformedRequestError"),
        ({"config": {"delay": {"type": "random"}}}, "badRequest"),
        ({"config": {"delay": {"type": "fixed"}}}, "malformedRequestError"),
        ({"config": {"delay": {"type": "fixed", "preset": 3}}}, "badRequest"),
        ({"config": {"delay": {"type": "fixed", "duration": -1}}}, "badRequest"),
        ({"config": {"serverResponseId": "nothing"}}, "instanceNotFoundError"),
    ],
)
async def test_settings_that_make_no_sense_are_refused(api: Api, fields: Any, error: str) -> None:
    body = {"mock": {"collection": await api.add_collection(), **fields}}
    answer = await api.call("POST", "/mocks", body)
    assert answer.error == error
    assert answer.status in (400, 404)
    assert await api.ok("GET", "/mocks") == []


@pytest.mark.looptime
async def test_a_delay_is_over_when_its_time_is_made_to_pass(api: Api, anybody: Any) -> None:
    """The delay follows the emulator's clock, as runs and stalls do."""
    config = {"delay": {"type": "fixed", "duration": 60_000}}
    mock = await mocked(api, anybody, request("{{url}}/pets", example()), config=config)
    called = asyncio.ensure_future(mock.call("/pets"))
    async with asyncio.timeout(10):
        while not called.done():
            api.emulator.clock.advance(60)
            await asyncio.sleep(0.001)
    assert (await called).status == 200


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ({"type": "fixed", "duration": 2000}, 2.0),
        ({"type": "fixed", "preset": 1}, 0.3),
        ({"type": "fixed", "preset": "2"}, 0.1),
        (None, 0.0),
    ],
)
async def test_a_delay_holds_the_answer_back(
    api: Api, anybody: Any, delay: Any, seconds: float
) -> None:
    mock = await mocked(api, anybody, request("/pets", example()), config={"delay": delay})
    loop = asyncio.get_running_loop()
    before = loop.time()
    assert (await mock.call("/pets")).status == 200
    assert loop.time() - before == pytest.approx(seconds, abs=0.05)
