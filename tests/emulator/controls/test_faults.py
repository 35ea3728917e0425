"""Scripted faults: each does to the wire what it says, in order, and the script proves it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from postman_async import (
    AsyncPostman,
    DisconnectedError,
    InvalidResponseError,
    Postman,
    RateLimitError,
    RedirectError,
    Retries,
)
from postman_async.emulator import EmulatorError, PostmanEmulator
from postman_async.emulator.controls.faults import (
    MAKERS,
    Fault,
    RetryAfter,
    accepted,
    bad_json,
    content_type,
    cut_body,
    drip,
    fault_of,
    hang_up,
    ok,
    proxy_html,
    redirect,
    reset_connection,
    slow_tls,
    stall,
    status,
    twice,
    wrong_length,
)
from tests.emulator.controls.wire import send

SPELLINGS: list[RetryAfter] = ["Retry-After", "RetryAfter", "X-RateLimit-RetryAfter"]


# -- the example of the README ------------------------------------------------------------------


async def test_a_release_gate_survives_a_limit_and_loses_no_answer(
    postman_emulator: PostmanEmulator,
) -> None:
    """A 429 is waited for; a reset after the request was read is not sent again."""
    uid = postman_emulator.add_monitor("checkout", outcome="failed", duration=0.01)
    script = [status(429, retry_after=0), reset_connection(), ok()]
    postman_emulator.faults.on("monitors.run", script)
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        with pytest.raises(DisconnectedError):
            await pm.monitors.run(uid)
        assert postman_emulator.faults.unmet == ["monitors.run: ok()"]
        run = await pm.monitors.run(uid)
    assert run.info.status == "failed"
    assert postman_emulator.faults.all_met
    assert postman_emulator.requests.count("monitors.run") == 3
    assert [r.status for r in postman_emulator.requests] == [429, None, 200]
    assert [r.fault for r in postman_emulator.requests] == [str(fault) for fault in script]


def test_the_same_from_synchronous_code(sync_postman_emulator: PostmanEmulator) -> None:
    sync_postman_emulator.faults.on("users.me", status(429, retry_after=0))
    with Postman(**sync_postman_emulator.client_options, retries=1) as pm:
        with pytest.raises(RateLimitError):
            pm.users.me()
        assert pm.users.me().user.username
    assert sync_postman_emulator.faults.all_met


# -- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 413, 423, 429, 500, 502, 503])
async def test_any_status_has_a_body_of_either_form(
    postman_emulator: PostmanEmulator, code: int
) -> None:
    script = [status(code, name="x", message="m", details=[1]), status(code, problem=True)]
    postman_emulator.faults.on("users.me", script)
    named, problem = await send(postman_emulator), await send(postman_emulator)
    assert named.status == problem.status == code
    assert named.json == {"error": {"name": "x", "message": "m", "details": [1]}}
    assert problem.json["status"] == code
    assert {"type", "title", "detail"} < problem.json.keys()


@pytest.mark.parametrize(
    ("code", "name"), [(429, "rateLimited"), (401, "AuthenticationError"), (503, "serverError")]
)
async def test_an_error_has_the_name_that_the_service_gives_it(
    postman_emulator: PostmanEmulator, code: int, name: str
) -> None:
    postman_emulator.faults.on("users.me", status(code))
    assert (await send(postman_emulator)).json["error"]["name"] == name


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("code", [429, 503])
async def test_every_spelling_of_the_wait_in_seconds_and_as_a_date(
    postman_emulator: PostmanEmulator, code: int, spelling: RetryAfter
) -> None:
    postman_emulator.clock.freeze(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC))
    script = [status(code, retry_after=7, spelling=spelling, date=dated) for dated in (False, True)]
    postman_emulator.faults.on("users.me", script)
    told = [(await send(postman_emulator)).headers[spelling.lower()] for _ in script]
    assert told[0] == "7"
    assert parsedate_to_datetime(told[1]) == datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)


async def test_a_body_and_headers_of_ones_own(postman_emulator: PostmanEmulator) -> None:
    script = [status(200, body={"user": 1}, headers={"X-Trace": "t"}), status(418, body="tea")]
    postman_emulator.faults.on("*", script)
    first, second = await send(postman_emulator), await send(postman_emulator)
    assert (first.json, first.headers["x-trace"]) == ({"user": 1}, "t")
    assert (second.body, second.headers["content-type"]) == (b"tea", "text/plain; charset=utf-8")


async def test_a_proxy_answers_in_html(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", proxy_html(502))
    answer = await send(postman_emulator)
    assert answer.status == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.body.startswith(b"<html>")


async def test_a_redirect_names_another_host_which_hears_nothing(
    postman_emulator: PostmanEmulator,
) -> None:
    async with PostmanEmulator() as other:
        postman_emulator.faults.on("users.me", redirect(f"{other.url}/me", 307))
        async with AsyncPostman(**postman_emulator.client_options) as pm:
            with pytest.raises(RedirectError):
                await pm.users.me()
        assert len(other.requests) == 0


# -- the socket ---------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["reset", "closed"])
@pytest.mark.parametrize("place", ["arrival", "read", "done", "body"])
async def test_a_connection_ends_at_each_place(
    postman_emulator: PostmanEmulator, place: Any, end: str
) -> None:
    """A reset is one on the wire, not an orderly end; and what was to be done by then is done."""
    make = reset_connection if end == "reset" else hang_up
    postman_emulator.faults.on("environments.create", make(place))
    body = json.dumps({"environment": {"name": "Staging", "values": []}}).encode()
    answer = await send(postman_emulator, "POST", "/environments", body)
    made = (await send(postman_emulator, "GET", "/environments")).json["environments"]
    assert answer.end == end
    assert len(made) == (place in ("done", "body"))
    if place != "body":
        assert answer.raw == b""
    elif end == "closed":  # a reset may overtake what was sent before it
        assert 0 < len(answer.body) < int(answer.headers["content-length"])


async def test_a_reset_can_come_before_the_body_of_the_request_is_sent(
    postman_emulator: PostmanEmulator,
) -> None:
    """The client has announced a body and not sent it: the emulator does not wait for it."""
    postman_emulator.faults.on("environments.create", reset_connection("arrival"))
    reader, writer = await asyncio.open_connection("127.0.0.1", postman_emulator.port)
    writer.write(b"POST /environments HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_body_is_cut_short(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", cut_body())
    cut, whole = await send(postman_emulator), await send(postman_emulator)
    assert whole.body.startswith(cut.body)
    assert int(cut.headers["content-length"]) == len(whole.body)
    assert len(cut.body) == len(whole.body) // 2


@pytest.mark.looptime
@pytest.mark.parametrize("place", ["arrival", "read", "done", "body"])
async def test_silence_lasts_as_long_as_it_says(
    postman_emulator: PostmanEmulator, place: Any
) -> None:
    """In virtual time."""
    postman_emulator.faults.on("users.me", stall(40, place))
    began = asyncio.get_running_loop().time()
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        assert (await pm.users.me()).user.username
    assert asyncio.get_running_loop().time() - began == pytest.approx(40, abs=1)


async def test_a_client_may_leave_a_silent_emulator(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", stall(3600))
    async with AsyncPostman(**postman_emulator.client_options, retries=1) as pm:
        with pytest.raises(TimeoutError):
            await pm.users.me(timeout=0.05)
        assert (await pm.users.me()).user.username


@pytest.mark.looptime
async def test_a_body_comes_in_drops(postman_emulator: PostmanEmulator) -> None:
    whole = len((await send(postman_emulator)).body)
    postman_emulator.faults.on("users.me", drip(seconds=1.0, size=10))
    began = asyncio.get_running_loop().time()
    answer = await send(postman_emulator)
    pieces = -(-len(answer.body) // 10)
    assert abs(len(answer.body) - whole) <= 1  # the usage has one more digit at most
    assert answer.json["user"]
    assert asyncio.get_running_loop().time() - began == pytest.approx(pieces, abs=1)


async def test_what_is_no_json_is_an_invalid_response(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", [bad_json(), bad_json("nonsense")])
    async with AsyncPostman(**postman_emulator.client_options, retries=1) as pm:
        for _ in range(2):
            with pytest.raises(InvalidResponseError):
                await pm.users.me()
    assert postman_emulator.faults.all_met


async def test_a_content_type_is_not_what_the_body_is(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("users.me", content_type("image/png"))
    answer = await send(postman_emulator)
    assert answer.headers["content-type"] == "image/png"
    assert answer.json["user"]


@pytest.mark.parametrize("by", [-5, 7])
async def test_a_length_is_told_wrong(postman_emulator: PostmanEmulator, by: int) -> None:
    postman_emulator.faults.on("users.me", wrong_length(by))
    answer = await send(postman_emulator)
    assert int(answer.headers["content-length"]) == len(answer.body) + by
    assert answer.json["user"]


# -- runs ---------------------------------------------------------------------------------------


async def test_a_run_is_accepted_with_202_and_goes_on(postman_emulator: PostmanEmulator) -> None:
    uid = postman_emulator.add_monitor("checkout", duration=0.05)
    postman_emulator.faults.on("monitors.run", accepted())
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        raw = await pm.monitors.with_raw_response.run(uid)
        assert (raw.status, raw.value.info.status) == (202, "running")
        async with asyncio.timeout(10):
            while (last := (await pm.monitors.get(uid)).last_run) is None or (
                last.status == "running"
            ):
                await asyncio.sleep(0.01)
    assert last.status == "success"


async def test_a_repeated_request_runs_the_monitor_twice(
    postman_emulator: PostmanEmulator,
) -> None:
    uid = postman_emulator.add_monitor("checkout")
    postman_emulator.faults.on("monitors.run", twice())
    async with AsyncPostman(**postman_emulator.client_options) as pm:
        assert str((await pm.monitors.run(uid)).info.name).startswith("checkout #")
        assert (await pm.monitors.run(uid)).info.name == "checkout #3"
    assert postman_emulator.requests.count("monitors.run") == 2


# -- scripts ------------------------------------------------------------------------------------


async def statuses(emulator: PostmanEmulator, count: int, path: str = "/me") -> list[int]:
    return [(await send(emulator, path=path)).status for _ in range(count)]


async def test_a_script_is_met_in_order_and_then_all_is_well(
    postman_emulator: PostmanEmulator,
) -> None:
    faults = postman_emulator.faults
    faults.on("users.me", [status(500), ok()], times=2)
    faults.on("users.me", status(503))
    assert await statuses(postman_emulator, 6) == [500, 200, 500, 200, 503, 200]
    assert faults.met == [
        f"users.me: {name}"
        for name in ("status(500)", "ok()", "status(500)", "ok()", "status(503)")
    ]


async def test_an_operation_s_own_script_goes_before_that_of_all(
    postman_emulator: PostmanEmulator,
) -> None:
    postman_emulator.faults.on("*", [status(500), status(501)])
    postman_emulator.faults.on("users.me", status(503))
    assert await statuses(postman_emulator, 2) == [503, 500]
    assert await statuses(postman_emulator, 2, "/workspaces") == [501, 200]


async def test_the_echo_service_meets_no_fault(postman_emulator: PostmanEmulator) -> None:
    postman_emulator.faults.on("*", status(500))
    assert await statuses(postman_emulator, 1, "/_echo/get") == [200]
    assert not postman_emulator.faults.all_met


async def test_a_fault_without_end_is_met_until_it_is_cleared(
    postman_emulator: PostmanEmulator,
) -> None:
    postman_emulator.faults.on("users.me", status(503), times=None)
    assert await statuses(postman_emulator, 3) == [503, 503, 503]
    postman_emulator.faults.clear()
    assert await statuses(postman_emulator, 1) == [200]


async def test_chances_are_the_same_with_the_same_seed(postman_emulator: PostmanEmulator) -> None:
    faults = postman_emulator.faults
    seen: list[list[int]] = []
    for seed in (7, 7, 8):
        faults.clear()
        faults.on("*", status(503), probability=0.5, seed=seed)
        seen.append(await statuses(postman_emulator, 40))
        assert faults.all_met
    assert seen[0] == seen[1] != seen[2]
    assert {200, 503} == set(seen[0])


@pytest.mark.parametrize(
    ("operation", "script", "options", "message"),
    [
        ("monitor.run", ok(), {}, "knows no operation"),
        ("users.me", [], {}, "list of faults"),
        ("users.me", ["ok"], {}, "list of faults"),
        ("users.me", ok(), {"times": 0}, "1 time or more"),
        ("users.me", [ok(), ok()], {"times": None}, "stands alone"),
        ("users.me", ok(), {"probability": 1.5}, "from 0 to 1"),
        ("users.me", [ok(), ok()], {"probability": 0.5}, "stands alone"),
        ("users.me", slow_tls(1), {}, "connections"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused(
    operation: str, script: Any, options: dict[str, Any], message: str
) -> None:
    faults = PostmanEmulator().faults
    with pytest.raises(EmulatorError, match=message):
        faults.on(operation, script, **options)
    assert faults.all_met


@pytest.mark.parametrize(
    "make",
    [
        lambda: status(99),
        lambda: status(429, retry_after=1, spelling="Retry"),  # type: ignore[arg-type]
        lambda: reset_connection("later"),  # type: ignore[arg-type]
        lambda: stall(-1),
        lambda: drip(size=0),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(EmulatorError):
        make()


# -- as JSON ------------------------------------------------------------------------------------


NEEDED: dict[str, dict[str, Any]] = {
    "content_type": {"value": "text/plain"},
    "redirect": {"location": "https://elsewhere.invalid/"},
    "slow_tls": {"seconds": 1},
    "stall": {"seconds": 1},
    "status": {"code": 503},
    "wrong_length": {"by": 3},
}


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_fault_can_be_written_as_json(name: str) -> None:
    arguments = NEEDED.get(name, {})
    made = MAKERS[name](**arguments)
    assert isinstance(made, Fault)
    assert fault_of({"fault": name, **arguments}) == made
    assert str(made).startswith(name)
    if not arguments:
        assert fault_of(name) == made


@pytest.mark.parametrize("wrong", [7, "boom", {}, {"fault": "stall"}, {"fault": "ok", "x": 1}])
def test_what_describes_no_fault_is_refused(wrong: Any) -> None:
    with pytest.raises(EmulatorError, match="fault"):
        fault_of(wrong)


def test_retries_of_the_client_are_proved_by_the_script(
    sync_postman_emulator: PostmanEmulator,
) -> None:
    """A read may be repeated: after a reset, a cut body, a proxy's error and a limit."""
    script = [reset_connection(), cut_body(), proxy_html(503), status(429, retry_after=0)]
    sync_postman_emulator.faults.on("users.me", script)
    retries = Retries(attempts=5, backoff=0)
    with Postman(**sync_postman_emulator.client_options, retries=retries) as pm:
        assert pm.users.with_raw_response.me().attempts == 5
    assert sync_postman_emulator.faults.all_met
