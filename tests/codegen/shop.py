"""The small service of `shop.yaml` as clients that are generated for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from attrs import define

from postman_async import AsyncPostman, Postman
from postman_async.codegen.lower import lower
from postman_async.codegen.read import Spec
from postman_async.codegen.render import render
from postman_async.operations import OPERATIONS

SPEC = Spec({"shop.yaml": yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))})
_PACKAGES = (
    *("operations", "models", "models.readers", "models.writers"),
    *("api", "api.raw", "api.sync", "api.sync.raw"),
)


@define
class Shop:
    """What was generated.

    Attributes:
        texts: the generated files.
        operations: the operations, as the clients use them.

    """

    texts: Mapping[str, str]
    operations: Mapping[str, Any]
    _async_class: type
    _sync_class: type

    def client(self, **options: Any) -> Any:
        """Make a client with the shop's namespaces."""
        return self._async_class("PMAK-shop", **options)

    def sync(self, **options: Any) -> Any:
        """Make its sync twin."""
        return self._sync_class("PMAK-shop", **options)


@contextmanager
def generated(folder: Path) -> Iterator[Shop]:
    """Generate the shop, and let its modules be found beside those of the package."""
    texts = render(lower(SPEC))
    with pytest.MonkeyPatch.context() as patch:
        for name in _PACKAGES:
            path = folder / name.replace(".", "/")
            path.mkdir(parents=True, exist_ok=True)
            package = import_module(f"postman_async.{name}")
            patch.setattr(package, "__path__", [*package.__path__, str(path)])
        for name, text in texts.items():
            if not name.endswith(("__init__.py", "namespaces.py")):
                (folder / name).write_text(text, "utf-8")
        operations = _operations(texts)
        patch.setattr("postman_async.client.OPERATIONS", {**OPERATIONS, **operations})
        yield Shop(texts, operations, _client(texts, "api"), _client(texts, "api/sync"))


def _operations(texts: Mapping[str, str]) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "postman_async.operations"}
    exec(texts["operations/__init__.py"], space)
    return dict(space["OPERATIONS"])


def _client(texts: Mapping[str, str], folder: str) -> type:
    """Put the generated namespaces before the client's own."""
    space: dict[str, Any] = {"__name__": f"postman_async.{folder.replace('/', '.')}.namespaces"}
    exec(texts[f"{folder}/namespaces.py"], space)
    base: Any = Postman if folder.endswith("sync") else AsyncPostman
    mixin = space["Namespaces" if folder.endswith("sync") else "AsyncNamespaces"]
    return type("Shop", (mixin, base), {"_resume_task": base._resume_task})
