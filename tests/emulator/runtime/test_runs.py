"""Collections that are executed: the results of the scripts are the result of the run."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from tests.emulator.conftest import Api
from tests.emulator.kit import collection, failed, item, values

pytestmark = pytest.mark.asyncio(loop_scope="module")

OK = "pm.test('is 200', () => pm.response.to.have.status(200));"


@pytest.fixture
def echo(shared: Api) -> str:
    """The URL of the echo service."""
    return f"{shared.emulator.url}/_echo"


async def run(shared: Api, *items: Any, environment: str | None = None, **more: Any) -> Any:
    """Create a monitor of a collection of these requests, run it, and return its result."""
    options = {"options": more.pop("options")} if "options" in more else {}
    body = {"collection": collection(*items, **more)}
    made = await shared.ok("POST", "/collections", body)
    if environment is not None:
        options["environment"] = environment
    uid = await shared.add_monitor("watch", made["uid"], **options)
    return await shared.ok("POST", f"/monitors/{uid}/run")


async def test_a_passing_run_tells_what_was_sent_and_answered(shared: Api, echo: str) -> None:
    body = {"mode": "raw", "raw": '{"a": 1}', "options": {"raw": {"language": "json"}}}
    script = OK + "pm.test('echoes', () => pm.expect(pm.response.json().json.a).to.equal(1));"
    result = await run(shared, item("Post", f"{echo}/post", script, method="POST", body=body))
    assert result["info"]["status"] == "success"
    assert result["stats"] == {
        "assertions": {"total": 2, "failed": 0},
        "requests": {"total": 1, "failed": 0},
    }
    (execution,) = result["executions"]
    assert (execution["id"], execution["item"]["name"]) == (1, "Post")
    assert execution["assertions"] == {"is 200": True, "echoes": True}
    request, response = execution["request"], execution["response"]
    assert (request["method"], request["url"]) == ("POST", f"{echo}/post")
    assert request["body"] == {"contentLength": 8, "mode": "raw"}
    assert request["headers"]["content-length"] == 8
    assert response["code"] == 200
    assert response["responseSize"] == response["body"]["contentLength"] > 0
    assert response["headers"]["content-type"].startswith("application/json")
    assert result["failures"] == []


async def test_the_request_really_arrives(shared: Api, echo: str) -> None:
    before = len(shared.emulator.requests)
    await run(shared, item("Tea", f"{echo}/status/418"))
    paths = [request.path for request in shared.emulator.requests[before:]]
    assert "/_echo/status/418" in paths


async def test_a_failing_assertion_fails_the_run_with_its_message(shared: Api, echo: str) -> None:
    result = await run(shared, item("Tea", f"{echo}/status/418", OK), item("Fine", f"{echo}/get"))
    assert result["info"]["status"] == "failed"
    assert result["stats"]["requests"] == {"total": 2, "failed": 1}
    (failure,) = result["failures"]
    assert failure["assertion"] == {"is 200": False}
    assert (failure["executionId"], failure["name"]) == (1, "AssertionError")
    assert "418" in failure["message"]


@pytest.mark.parametrize(("before", "kept"), [(3998, True), (3999, False)])
async def test_a_long_text_is_not_cut_within_a_character(
    shared: Api, echo: str, before: int, kept: bool
) -> None:
    """JavaScript counts surrogates, and UTF-8 cannot encode a lone one."""
    script = f"pm.test('x'.repeat({before}) + '👍' + 'y', () => {{}});"
    result = await run(shared, item("Long", f"{echo}/get", script))
    (name,) = result["executions"][0]["assertions"]
    assert name == "x" * before + ("👍" if kept else "") + "…"


async def test_the_old_style_of_tests_counts_as_well(shared: Api, echo: str) -> None:
    script = 'tests["is 200"] = responseCode.code === 200;\ntests["is late"] = responseTime < 0;'
    result = await run(shared, item("Get", f"{echo}/get", script))
    assert result["info"]["status"] == "failed"
    assert result["executions"][0]["assertions"] == {"is 200": True, "is late": False}
    assert failed(result) == ["Expected 'is late' to be truthy"]


async def test_a_new_script_changes_the_outcome(shared: Api, echo: str) -> None:
    """Only the script decides: the same monitor passes after its test passes."""
    made = await shared.ok(
        "POST", "/collections", {"collection": collection(item("Tea", f"{echo}/status/418", OK))}
    )
    uid = await shared.add_monitor("watch", made["uid"])
    first = await shared.ok("POST", f"/monitors/{uid}/run")
    content = collection(item("Tea", f"{echo}/status/418", OK.replace("200", "418")))
    await shared.ok("PUT", f"/collections/{made['uid']}", {"collection": content})
    second = await shared.ok("POST", f"/monitors/{uid}/run")
    assert [first["info"]["status"], second["info"]["status"]] == ["failed", "success"]


@pytest.mark.parametrize("script", ["nothing.here();", "syntax error here", "throw new Error('x')"])
async def test_a_script_error_is_an_error_and_the_next_request_is_sent(
    shared: Api, echo: str, script: str
) -> None:
    result = await run(shared, item("Bad", f"{echo}/get", script), item("Good", f"{echo}/get", OK))
    assert result["info"]["status"] == "error"
    bad, good = result["executions"]
    assert bad["errors"]
    assert good["assertions"] == {"is 200": True}
    assert [failure["executionId"] for failure in result["failures"]] == [1]


async def test_a_request_stopped_by_its_first_script_is_shown_as_not_sent(
    shared: Api, echo: str
) -> None:
    result = await run(shared, item("Bad", f"{echo}/get", before="nothing.here();"))
    assert result["info"]["status"] == "error"
    execution = result["executions"][0]
    assert execution["request"]["method"] == "GET"
    assert {failure["executionId"] for failure in result["failures"]} == {1}


async def test_a_dead_port_is_an_error_without_an_answer(shared: Api) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    result = await run(shared, item("Dead", url))
    assert result["info"]["status"] == "error"
    assert "ECONNREFUSED" in failed(result)[0]
    assert "response" not in result["executions"][0]
    assert result["stats"]["requests"] == {"total": 1, "failed": 1}


async def test_variables_come_from_environment_and_collection(shared: Api, echo: str) -> None:
    """The environment's value takes precedence, and a script sees both."""
    environment = await shared.add_environment("Staging", base=echo, who="environment")
    script = """
        const seen = pm.response.json().args;
        pm.test('environment wins', () => pm.expect(seen.who).to.equal('environment'));
        pm.test('collection', () => pm.expect(seen.region).to.equal('eu'));
        pm.test('reads', () => pm.expect(pm.collectionVariables.get('region')).to.equal('eu'));
    """
    result = await run(
        shared,
        item("Get", "{{base}}/get?who={{who}}&region={{region}}", script),
        environment=environment,
        variable=values(who="collection", region="eu"),
    )
    assert (result["info"]["status"], failed(result)) == ("success", [])
    assert result["info"]["environmentUid"] == environment
    assert result["stats"]["assertions"]["total"] == 3


async def test_what_a_run_sets_is_gone_in_the_next(shared: Api, echo: str) -> None:
    environment = await shared.add_environment("Staging", seen="no")
    script = """
        pm.test('is new', () => pm.expect(pm.environment.get('seen')).to.equal('no'));
        pm.environment.set('seen', 'yes'); leaked = true;
    """
    ask = item("Get", f"{echo}/get", script)
    for _ in range(2):
        result = await run(shared, ask, environment=environment)
        assert result["info"]["status"] == "success"
    found = await shared.ok("GET", f"/environments/{environment}")
    assert found["values"][0]["value"] == "no"


async def test_values_travel_from_request_to_request(shared: Api, echo: str) -> None:
    result = await run(
        shared,
        item("First", f"{echo}/get?n=41", "pm.variables.set('n', pm.response.json().args.n);"),
        item(
            "Second",
            f"{echo}/get?n={{{{n}}}}",
            "tests['n'] = JSON.parse(responseBody).args.n == 41",
        ),
    )
    assert result["info"]["status"] == "success"


async def test_folders_and_their_scripts_and_auth_are_obeyed(shared: Api, echo: str) -> None:
    script = """
        pm.test('auth', () =>
            pm.expect(pm.response.json().headers.authorization).to.equal('Bearer t-1'));
    """
    folder = {
        "name": "Folder",
        "item": [item("Get", f"{echo}/headers", script)],
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]},
        "event": [
            {"listen": "prerequest", "script": {"exec": "pm.variables.set('token', 't-1')"}},
            {"listen": "test", "script": {"exec": ["pm.test('folder', () => {});"]}},
        ],
    }
    result = await run(shared, folder)
    assert (result["info"]["status"], failed(result)) == ("success", [])
    assert result["executions"][0]["assertions"] == {"folder": True, "auth": True}


async def test_the_older_format_runs_as_well(shared: Api, echo: str) -> None:
    """In v2.0 a URL is text, and so may a script be."""
    document = {
        "info": {
            "name": "Old",
            "schema": "https://schema.getpostman.com/json/collection/v2.0.0/collection.json",
        },
        "item": [
            {
                "name": "Get",
                "request": {
                    "url": f"{echo}/headers",
                    "auth": {"type": "basic", "basic": {"username": "a", "password": "b"}},
                },
                "event": [{"listen": "test", "script": {"exec": OK}}],
            }
        ],
    }
    made = await shared.ok("POST", "/collections", {"collection": document})
    uid = await shared.add_monitor("watch", made["uid"])
    result = await shared.ok("POST", f"/monitors/{uid}/run")
    assert result["info"]["status"] == "success"
    assert result["executions"][0]["request"]["headers"]["authorization"] == "Basic YTpi"


async def test_the_options_of_the_monitor_are_obeyed(shared: Api, echo: str) -> None:
    slow = item("Slow", f"{echo}/delay/30")
    result = await run(shared, slow, options={"requestTimeout": 50})
    assert result["info"]["status"] == "error"
    assert "TIMEDOUT" in failed(result)[0].upper().replace(" ", "")


async def test_a_collection_without_requests_passes(shared: Api) -> None:
    result = await run(shared)
    assert result["info"]["status"] == "success"
    assert (result["executions"], result["failures"]) == ([], [])


async def test_runs_at_once_do_not_see_each_other(shared: Api, echo: str) -> None:
    """Each run has its own environment and globals."""
    script = """
        pm.test('no one else', () => pm.expect(pm.globals.get('mine')).to.equal(undefined));
        pm.globals.set('mine', pm.environment.get('n'));
        pm.test('own', () => pm.expect(pm.response.json().args.n).to.equal(pm.globals.get('mine')));
    """
    ask = item("Get", f"{echo}/get?n={{{{n}}}}", script)

    async def one(number: int) -> str:
        environment = await shared.add_environment(f"e{number}", n=str(number))
        result = await run(shared, ask, environment=environment)
        return str(result["info"]["status"])

    assert set(await asyncio.gather(*map(one, range(12)))) == {"success"}


async def test_the_last_run_of_the_monitor_has_the_figures(shared: Api, echo: str) -> None:
    body = {"collection": collection(item("Get", f"{echo}/get", OK))}
    made = await shared.ok("POST", "/collections", body)
    uid = await shared.add_monitor("watch", made["uid"])
    result = await shared.ok("POST", f"/monitors/{uid}/run")
    last = (await shared.ok("GET", f"/monitors/{uid}"))["lastRun"]
    assert last["stats"] == result["stats"]
    assert last["jobId"] == result["info"]["jobId"]
