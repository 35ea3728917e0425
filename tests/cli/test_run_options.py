"""Each option of ``run`` reaches its place: the batch, the selection, the reports, the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import asdict

from postman_async import MonitorSelector
from postman_async.bulk.options import BatchOptions
from postman_async.cli import batch
from postman_async.cli.client import ClientSettings
from postman_async.cli.output.display import Screen
from postman_async.cli.reports import ReportFile, Reports
from postman_async.reports import FORMATS
from tests.cli.kit import Here

Asked = list[tuple[ClientSettings, batch.RunRequest]]


@pytest.fixture
def asked(here: Here, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What would have been run."""
    found: Asked = []

    def keep(client: ClientSettings, request: batch.RunRequest) -> int:
        found.append((client, request))
        return 0

    monkeypatch.setattr(batch, "run_batch", keep)
    return found


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ([], {"concurrency": 50, "run_async": False, "on_unknown": "report", "keep": "all"}),
        (["-c", "7", "--repeat", "2", "--overlap"], {"concurrency": 7, "repeat": 2}),
        (["--overlap"], {"overlap": True}),
        (["--deadline", "20m", "--run-deadline", "1h"], {"deadline": 1200, "run_deadline": 3600}),
        (["--fail-fast", "--max-failures", "3"], {"fail_fast": True, "max_failures": 3}),
        (["--run-async", "always"], {"run_async": True}),
        (["--run-async", "auto"], {"run_async": "auto"}),
        (["--on-unknown", "rerun", "--retries", "2"], {"on_unknown": "rerun", "retries": 2}),
        (["--keep", "failures"], {"keep": "failures"}),
        (["--journal", "new.jsonl"], {"journal": Path("new.jsonl")}),
    ],
)
def test_options_reach_the_batch(
    options: list[str], settings: dict[str, Any], here: Here, asked: Asked
) -> None:
    assert here("run", "1-m", *options).code == 0
    ((_, request),) = asked
    assert request.options["uids"] == ["1-m"]
    assert {name: request.options[name] for name in settings} == settings
    assert request.options.keys() <= BatchOptions.__annotations__.keys() | {"uids"}


def test_every_option_of_a_batch_can_be_given_here(here: Here) -> None:
    """But for those that are no text: a callback and a key, and what only Python can nest."""
    told = here("run", "--help").stdout
    spelled = {"select": "--name", "timeout": "--run-deadline"}
    python_only = {"on_outcome", "order", "extra_headers", "extra_query", "extra_body"}
    for name in BatchOptions.__annotations__.keys() - python_only:
        assert spelled.get(name, f"--{name.replace('_', '-')}") in told


@pytest.mark.parametrize(
    ("options", "conditions"),
    [
        (["--all"], {}),
        (["--workspace", "w", "--owner", "7"], {"workspace": "w", "owner": "7"}),
        (["--name", "checkout-*"], {"name": "checkout-*"}),
        (["--collection", "1-c"], {"collection": "1-c"}),
        (["--environment", "1-e", "--active"], {"environment": "1-e", "active": True}),
        (["--inactive"], {"active": False}),
    ],
)
def test_conditions_reach_the_selection(
    options: list[str], conditions: dict[str, Any], here: Here, asked: Asked
) -> None:
    assert here("run", *options).code == 0
    ((_, request),) = asked
    assert request.options["uids"] is None
    assert request.options["select"] == MonitorSelector(**conditions)


def test_files_and_their_style_reach_the_reports(
    here: Here, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    files = [f"--{name}=r.{name}" for name in FORMATS]
    assert here("run", "1-m", *files, "--title", "Night", "--keep-headers").code == 0
    assert here("run", "1-m", "--no-summary").code == 0
    (_, request), (_, bare) = asked
    given = [ReportFile(name, Path(f"r.{name}")) for name in FORMATS]
    page = ReportFile("markdown", tmp_path / "page", append=True)
    assert request.reports == Reports(files=(*given, page), title="Night", keep_headers=True)
    assert bare.reports == Reports(files=(), title="Monitor runs", keep_headers=False)


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--quiet", "quiet"),
        ("-q", "quiet"),
        ("--plain", "plain"),
        ("--no-color", "no_color"),
        ("--json=-", "to_stderr"),
    ],
)
def test_the_screen_is_as_asked_for(option: str, name: str, here: Here, asked: Asked) -> None:
    assert here("run", "1-m", option).code == 0
    ((_, request),) = asked
    assert asdict(request.screen) == {**asdict(Screen()), name: True}


def test_the_service_is_the_one_that_was_named(here: Here, asked: Asked) -> None:
    assert here("run", "1-m", "--region", "eu", "--api-key-file", "key").code == 0
    assert here("run", "1-m", "--base-url", "https://x", "--rate-limits", "none").code == 0
    assert [client for client, _ in asked] == [
        ClientSettings(Path("key"), None, "eu"),
        ClientSettings(None, "https://x", None, None),
    ]
