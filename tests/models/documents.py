"""Documents made from the specification: as it promises, or drifting from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import field, frozen
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from postman_async.codegen.annotations import model_ref
from postman_async.codegen.lower import lower
from postman_async.codegen.read import Located, Spec, read
from postman_async.engine.caller import RawCaller
from postman_async.engine.data.codec import dumps
from postman_async.engine.data.convert import to_dict
from postman_async.engine.http.response import RawResponse
from postman_async.engine.limits.headers import RateLimit
from postman_async.operations import OPERATIONS
from postman_async.options import Retries, Timeout

__all__ = [
    "MODELS",
    "SPEC",
    "Documents",
    "any_json",
    "json_bodies",
    "models",
    "quick",
    "read_answer",
    "text_of",
    "thorough",
    "written",
]

Json: TypeAlias = st.SearchStrategy[Any]
Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]

SPEC: Spec = read()
_CLASSES = {str(model.ref) for models in lower(SPEC).models.values() for model in models}
MODELS: Mapping[str, Located] = {
    str(model_ref(part)): part for part in SPEC.schemas() if str(model_ref(part)) in _CLASSES
}
"""The schemas that are classes, by the name that operations give their models."""

quick = settings(
    deadline=None,
    database=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
"""For each body of an operation."""

thorough = settings(quick, max_examples=250)
"""For all models together: each time others of them, so that the time does not grow with them."""

models = st.sampled_from(sorted(MODELS))

# Half a surrogate pair is no character, but JSON can hold it as an escape.
_texts = st.text(st.characters(codec=None), max_size=6) | st.sampled_from(["", "\ud800", "é\u2028"])
_integers = st.integers() | st.sampled_from([2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30])
_numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.0, -0.0, 1e300])
_names = st.text(max_size=4) | st.sampled_from(["id", "item", "extra", "_extra", "nulls", "self"])
any_json: Json = st.recursive(
    st.none() | st.booleans() | _integers | _numbers | _texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_names, inner, max_size=2),
    max_leaves=4,
)
_BY_TYPE: Mapping[str, Json] = {
    "string": _texts,
    "integer": _integers,
    "number": _numbers | _integers,
    "boolean": st.booleans(),
    "null": st.none(),
}


def text_of(document: Any) -> str:
    """Tell 1, 1.0 and True apart, and the order of keys, which ``==`` does not."""
    return json.dumps(document)


def written(value: Any) -> str:
    """Write it in both ways, which must agree: as a copy, and as it is sent."""
    text = text_of(to_dict(value))
    assert text_of(json.loads(dumps(value))) == text
    return text


@frozen(eq=False)
class Documents:
    """Makes strategies of schemas.

    Args:
        drift: whether any value may be another than promised, be missing or be new.

    """

    drift: bool
    _made: dict[tuple[str, str], Json] = field(init=False, factory=dict)

    def of(self, part: Located) -> Json:
        """Return the documents of a schema; a named one is made once, for it may hold itself."""
        found = SPEC.resolve(part)
        if found.name is None:
            return self._value(found)
        key = (found.file, found.name)
        if key not in self._made:
            self._made[key] = st.deferred(lambda: self._value(found))
        return self._made[key]

    def _value(self, part: Located) -> Json:
        promised = self._promised(part)
        if not self.drift:
            return promised
        return st.integers(0, 11).flatmap(lambda n: any_json if n == 0 else promised)

    def _promised(self, part: Located) -> Json:
        node = part.node
        if "oneOf" in node:
            return st.one_of([self.of(part.at(choice)) for choice in node["oneOf"]])
        if "x-known-values" in node:
            return st.sampled_from(node["x-known-values"]) | _texts
        names = node.get("type", ["any"])
        listed = [names] if isinstance(names, str) else names
        return st.one_of([self._by_type(name, part) for name in listed])

    def _by_type(self, name: str, part: Located) -> Json:
        if name == "array":
            return st.lists(self._inner(part, "items"), max_size=2)
        if name == "object" and "properties" in part.node:
            return st.composite(self._object)(part)
        if name == "object":
            return st.dictionaries(_names, self._inner(part, "additionalProperties"), max_size=2)
        return _BY_TYPE.get(name, any_json)

    def _inner(self, part: Located, key: str) -> Json:
        schema = part.node.get(key)
        return self.of(part.at(schema)) if isinstance(schema, dict) else any_json

    def _object(self, draw: Draw, part: Located) -> dict[str, Any]:
        """Draw an object with a few of its keys, in any order."""
        schemas = part.node["properties"]
        required = [name for name in part.node.get("required", ()) if not self._lost(draw)]
        others = sorted(schemas.keys() - set(required))
        chosen = draw(st.lists(st.sampled_from(others), max_size=3, unique=True)) if others else []
        if not self.drift:
            required = [*part.node.get("required", ())]
            chosen = [name for name in chosen if name not in required]
        unknown = self._unknown(draw, part)
        order = draw(st.permutations([*required, *chosen, *(unknown.keys() - schemas.keys())]))
        values = {name: self.of(part.at(schemas[name])) for name in order if name in schemas}
        return {name: draw(values[name]) if name in values else unknown[name] for name in order}

    def _lost(self, draw: Draw) -> bool:
        return self.drift and bool(draw(st.integers(0, 11)) == 0)

    def _unknown(self, draw: Draw, part: Located) -> dict[str, Any]:
        if not self.drift and part.node.get("additionalProperties") is not True:
            return {}
        found: dict[str, Any] = draw(st.dictionaries(_names, any_json, max_size=2))
        return found


def json_bodies() -> dict[str, tuple[str, Located]]:
    """All bodies of all operations that are JSON: the operation and the schema, by a test's id."""
    found: dict[str, tuple[str, Located]] = {}
    for _, _, operation, _ in SPEC.operations():
        name = operation.node["operationId"]
        bodies = {s: r for s, r in operation.node["responses"].items() if s.startswith("2")}
        if "requestBody" in operation.node:
            bodies["request"] = operation.node["requestBody"]
        for kind, body in bodies.items():
            part = SPEC.resolve(operation.at(body))
            content = part.node.get("content", {}).get("application/json")
            if content is not None:
                found[f"{name} {kind}"] = (name, SPEC.resolve(part.at(content["schema"])))
    return found


def read_answer(operation: str, content: bytes, *, strict: bool = False) -> Any:
    """Read the body of an answer as the client does."""
    caller = RawCaller(None, Timeout(), Retries(), strict)  # type: ignore[arg-type]
    response: RawResponse[Any] = RawResponse(
        status=200, headers={}, content=content, value=None,
        rate_limit=RateLimit(), attempts=1, elapsed=0.0,
    )  # fmt: skip
    return caller._value(OPERATIONS[operation].result, f"{operation} /", response)
