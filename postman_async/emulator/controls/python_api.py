"""The Python API for the content of an emulator, besides the API's own operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from postman_async.emulator.controls import actions
from postman_async.emulator.runs.scripted_runs import Outcome, RunScript
from postman_async.emulator.serving.call import Service
from postman_async.emulator.state import loading

__all__ = ["PythonApi"]

T = TypeVar("T")


class PythonApi:
    """The methods of `PostmanEmulator` that make, load and script its content."""

    def _do(self, action: Callable[[Service], T]) -> T:
        """Run an action in the emulator's world and thread."""
        raise NotImplementedError

    def add_monitor(
        self,
        name: str,
        *,
        outcome: Outcome = "passed",
        duration: float = 0.0,
        requests: int = 1,
        assertions: int = 1,
        workspace: str | None = None,
    ) -> str:
        """Make a monitor whose runs follow a script; no request is sent in them.

        Args:
            name: its name.
            outcome: ``passed``; ``failed`` (an assertion fails); ``error`` (a request gets no
                answer).
            duration: seconds that a run takes.
            requests: how many requests a run has, at least 1.
            assertions: how many assertions a run has.
            workspace: the id of the workspace it is in; None means the default one.

        Returns:
            Its uid.

        Raises:
            EmulatorError: the script contradicts itself, the workspace does not exist, or the
                emulator does not run.
        """
        script = RunScript.of(outcome, duration, requests, assertions, None)
        return self._do(lambda service: actions.add_monitor(service, name, script, workspace))

    def script_run(
        self,
        uid: str,
        run: Mapping[str, Any] | None = None,
        *,
        outcome: Outcome = "passed",
        duration: float = 0.0,
        requests: int = 1,
        assertions: int = 1,
        failed_assertions: int | None = None,
    ) -> None:
        """RunScript all further runs of a monitor, whoever made it.

        Args:
            uid: the monitor's uid.
            run: a whole result, ``{info, stats, executions, failures}``, to be answered as it is
                (what its ``info`` leaves out is filled in); None composes one of what follows.
            outcome: as for `add_monitor`.
            duration: seconds that a run takes, also with a result of one's own.
            requests: how many requests a run has.
            assertions: how many assertions a run has.
            failed_assertions: how many fail; None means as many as the outcome needs.

        Raises:
            EmulatorError: the script contradicts itself, the monitor does not exist, or the
                emulator does not run.
        """
        script = RunScript.of(outcome, duration, requests, assertions, failed_assertions)
        if run is not None:
            script = RunScript(duration=script.duration, run=actions.own_result(run))
        self._do(lambda service: actions.script_run(service, uid, script))

    def add_server_response(
        self,
        mock_uid: str,
        *,
        status: int = 500,
        headers: Mapping[str, str] | None = None,
        body: str = "",
    ) -> str:
        """Give a mock server an answer with which it can be made to fail.

        It answers everything with it once its ``config.serverResponseId`` (`mocks.update`) is
        the id that this returns.

        Args:
            mock_uid: the mock server's uid.
            status: the status of the answer, 500 to 599.
            headers: the headers of the answer.
            body: the body of the answer.

        Returns:
            The id of the answer.

        Raises:
            EmulatorError: the status is another one, the mock server does not exist, or the
                emulator does not run.
        """
        return self._do(
            lambda service: actions.add_server_response(
                service, mock_uid, status, headers or {}, body
            )
        )

    def global_variables(self, workspace: str | None = None) -> list[dict[str, Any]]:
        """Return the global variables that imports brought into a workspace.

        Args:
            workspace: its id; None means the default one.

        Raises:
            EmulatorError: the workspace does not exist, or the emulator does not run.
        """
        return self._do(lambda service: actions.global_variables(service, workspace))

    def load(self, source: Path | str | Mapping[str, Any]) -> list[str]:
        """Put the collections and environments of a file into the default workspace.

        Args:
            source: the path of a JSON file, or its content: a collection (format v2.0 or v2.1)
                or an environment, bare or wrapped as the API sends it, a list of these, or a
                dump ``{"collections": […], "environments": […]}``.

        Returns:
            The uids of what was made, in the order of the file.

        Raises:
            EmulatorError: the file cannot be read, or holds something else; nothing was made.
        """
        name, documents = loading.documents_of(source)
        return self._do(lambda service: actions.load(service, name, documents))
