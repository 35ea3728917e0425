"""From the wire's names to Python's."""

from __future__ import annotations

import keyword
import re

__all__ = ["class_name", "field_name", "module_name", "parameter_name", "snake"]

_MODEL_NAMES = frozenset({"extra", "lazy_fields", "nulls", "open_ended", "stand_ins", "wire_names"})
"""What `Model` itself has."""

_ANNOTATION_NAMES = frozenset({"bool", "dict", "float", "int", "list", "str"})
"""A field of such a name would hide the type from the annotations of its class."""

_PARAMETER_NAMES = frozenset(
    {"call_options", "extra_body", "extra_headers", "extra_query", "retries", "self", "timeout"}
)
"""What every method has besides its own parameters."""


def snake(name: str) -> str:
    """Spell ``collectionUid``, ``strictSSL``, ``call-logs`` or ``_postman_id`` as Python does."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+", "_", parted).strip("_").lower()


def field_name(wire: str) -> str:
    """Name the field of a model."""
    return _apart(snake(wire), _MODEL_NAMES | _ANNOTATION_NAMES)


def parameter_name(wire: str, chosen: str | None = None) -> str:
    """Name the parameter of a method; ``chosen`` is what the spec wants."""
    return chosen or _apart(snake(wire), _PARAMETER_NAMES)


def _apart(name: str, taken: frozenset[str]) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in taken else name


def module_name(namespace: str) -> str:
    """Name the modules of a namespace: ``collections.comments`` -> ``collections_comments``."""
    return namespace.replace(".", "_")


def class_name(namespace: str) -> str:
    """Name the class of a namespace: ``collections.comments`` -> ``CollectionsComments``."""
    return "".join(part.capitalize() for part in re.split(r"[._]", namespace))
