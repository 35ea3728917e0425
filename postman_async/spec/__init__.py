"""The OpenAPI 3.1 description of the service: the single source of truth, one file per namespace.

Besides the standard's words the files use a few of their own:

``x-python-name``
    the public name of a parameter, where it is not the wire's name in snake_case.
``x-python-base``
    of a tag or a schema, the hand-written class that the namespace (in
    ``extensions/namespaces/<group>.py``) or the model (in ``extensions/<group>.py``) extends.
``x-body``
    ``fields``: each key of the body is an argument; ``document``: the body is one argument.
    Beside JSON a body may be a form, or a file alone; which of them is sent tells whether an
    argument is a file (``contentMediaType: application/octet-stream``).
``x-field``
    the argument that is a file which is all of the body.
``x-kind-of``
    the argument whose kind (``json``, ``string``, ``file``) this one tells when it is left out.
``x-positional``
    the argument may be given without its name, as ids are.
``x-paging``
    ``cursor`` or ``offset``: the list is one page, and how the next one is asked for.
``x-held``
    the answer comes only when the work is done, so silence is no fault.
``x-echo``
    the keys that lead to where the answer repeats the last id of the path; an answer of another
    one is refused.
``x-bucket``
    the limit the call counts against besides the user's own (``x-buckets`` in ``common.yaml``).
``x-instead-of``
    of a property, the required one that an answer leaves out where this one is there.
``x-known-values``
    the values of today; others may come, so they are no ``enum``.
``x-buckets``
    those limits, each with how many calls may start in how many seconds.
``x-error-names``
    the names that the service gives its errors of this status.
``x-errors``, ``x-errors-of-one``, ``x-errors-of-change``
    of a file, the error answers that its operations share: of all, of those that name an entity,
    of those that send one.  They are there for YAML's anchors, and nothing else reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["files", "load"]

_FOLDER = Path(__file__).parent


def files() -> list[Path]:
    """Return the files of the description, in the order of their names."""
    return sorted(_FOLDER.glob("*.yaml"))


def load() -> Mapping[str, Mapping[str, Any]]:
    """Read all files: the parsed document of each, by file name.

    Raises:
        ModuleNotFoundError: PyYAML is missing; the extras ``[emulator]`` and ``[dev]`` bring it.

    """
    import yaml

    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in files()}
