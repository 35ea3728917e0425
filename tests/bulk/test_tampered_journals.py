"""Somebody changed a journal: it is a `JournalError` or an outcome, and no other error."""

from __future__ import annotations

import asyncio
import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postman_async import AsyncPostman, JournalError, MonitorSelector, read_journal, to_record
from postman_async.cli.output.summary import row_of
from postman_async.emulator import PostmanEmulator
from postman_async.reports import render_report
from tests.bulk.kit import in_virtual_time
from tests.bulk.model import Model, Service, serving
from tests.support import KEY

Event = dict[str, Any]

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([-1, 0, 1, 2, 3, 2**20, 2**32 - 1, 2**64, 10**400, 1e308])
    | st.sampled_from(["passed", "1-0", "1-1", "..", "", "\ud800", "2026-03-01T12:00:00", "null"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def made() -> dict[str, list[Event]]:
    """Make journals to tamper with: of a list, a selection and a stream, all unfinished."""
    events: dict[str, list[Event]] = {}

    async def run() -> None:
        service = Service({f"1-{n}": Model(seconds=5.0) for n in range(3)})
        service.monitors["1-1"].faults = ["404"]
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            for kind, uids in (("list", list(service.monitors)), ("stream", ["1-0", "1-1", "1-2"])):
                path = Path(FOLDER) / kind
                source: Any = uids if kind == "list" else iter(uids)
                async with pm.monitor_batch(source, journal=path, run_async=True) as batch:
                    await anext(batch)
                    await asyncio.sleep(1.0)
                events[kind] = [json.loads(line) for line in path.read_text().splitlines()]

    in_virtual_time(run)
    head = {**events["list"][0], "uids": None, "selection": {"name": "m*"}}
    head["monitors"] = {f"1-{n}": f"m{n}" for n in range(3)}
    events["selection"] = [head, *events["list"][1:]]
    return events


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Event]]:
    global FOLDER
    FOLDER = str(tmp_path_factory.mktemp("made"))
    return made()


FOLDER = ""


def spots(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths to all values in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, part in inner:
        found.append((*at, key))
        if isinstance(part, dict | list):
            found += spots(part, (*at, key))
    return found


def tampered(data: st.DataObject, events: list[Event]) -> bytes:
    """Change, drop or double some values and lines."""
    changed = copy.deepcopy(events)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(spots(changed)))
        holder: Any = changed
        for key in way:
            holder = holder[key]
        action = data.draw(st.sampled_from(["change", "change", "drop", "double"]))
        if action == "change":
            holder[last] = data.draw(values)
        elif action == "drop":
            del holder[last]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        if not changed:
            break
    return b"".join(json.dumps(event).encode() + b"\n" for event in changed)


relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@relaxed
@given(data=st.data(), kind=st.sampled_from(["list", "selection", "stream"]))
def test_what_is_read_from_a_tampered_journal_can_be_shown(
    data: st.DataObject, kind: str, journals: dict[str, list[Event]], tmp_path: Path
) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_bytes(tampered(data, journals[kind]))
    with suppress(JournalError):
        outcomes = list(read_journal(path))
        assert [row_of(o).status for o in outcomes] == [o.status for o in outcomes]
        assert json.dumps([to_record(o) for o in outcomes])
        assert sum(map(len, render_report(outcomes, "json"))) > 0
        sorted(outcomes, key=lambda o: (o.index, o.elapsed, o.waited, o.attempts))


@relaxed
@given(data=st.data(), kind=st.sampled_from(["list", "selection", "stream"]), alone=st.booleans())
def test_a_batch_goes_on_with_a_tampered_journal_or_refuses_it(
    data: st.DataObject, kind: str, alone: bool, journals: dict[str, list[Event]], tmp_path: Path
) -> None:
    """And takes no memory for indexes that nobody ran."""
    path = tmp_path / "runs.jsonl"
    path.write_bytes(tampered(data, journals[kind]))
    service = Service({f"1-{n}": Model() for n in range(3)})

    async def run() -> None:
        async with serving(service), AsyncPostman(KEY, base_url=service.url) as pm:
            uids: Any = list(service.monitors)
            given: Any = {"list": uids, "stream": iter(uids), "selection": None}[kind]
            select = MonitorSelector(name="m*") if kind == "selection" and not alone else None
            async with pm.monitor_batch(
                None if alone else given, select=select, journal=path, resume=True
            ) as batch:
                with suppress(JournalError):
                    async for outcome in batch:
                        assert isinstance(outcome.index, int)

    with suppress(JournalError):
        in_virtual_time(run)


async def test_a_place_that_nobody_reached_takes_no_memory(
    local_emulator: PostmanEmulator, pm: AsyncPostman, tmp_path: Path
) -> None:
    """The smallest reproduction: 36 GB for one line."""
    path = tmp_path / "runs.jsonl"
    started = {"started": 2**32 - 1, "uid": "1-m", "at": "2026-03-01T12:00:00Z", "attempt": 1}
    path.write_text(f'{{"journal":1}}\n{json.dumps(started)}\n')
    with pytest.raises(JournalError, match="line 2 makes no sense: started is 4294967295"):
        await pm.run_monitors(["1-m"], journal=path)
