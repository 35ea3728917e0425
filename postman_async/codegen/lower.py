"""From the spec to the intermediate form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from postman_async.codegen.annotations import is_model, model_ref, type_of, union
from postman_async.codegen.ir import (
    Api,
    Bucket,
    Failure,
    Field,
    FileBody,
    Method,
    Model,
    ModelRef,
    Namespace,
    Param,
    Result,
    Type,
)
from postman_async.codegen.names import field_name, parameter_name, plural, snake
from postman_async.codegen.read import Located, Spec, SpecError

__all__ = ["ERRORS", "lower"]

ERRORS = {
    "400": "BadRequestError",
    "401": "AuthenticationError",
    "403": "PermissionDeniedError",
    "404": "NotFoundError",
    "409": "ConflictError",
    "413": "BadRequestError",
    "422": "BadRequestError",
    "423": "ConflictError",
    "429": "RateLimitError",
    "500": "ServerError",
    "503": "ServerError",
}
"""The class of the engine that stands for each status."""

_QUOTA = Failure("UsageLimitError", "The quota of the month is used up; waiting does not help.")
_JSON = "application/json"
_FORM = "multipart/form-data"
_PLACE = re.compile(r"\{([^}]*)\}")


def lower(spec: Spec) -> Api:
    """Make the intermediate form of the whole spec."""
    methods: dict[str, list[Method]] = {}
    for http, path, operation, item in spec.operations():
        namespace, method = _Operation(spec, http, path, operation, item).lower()
        methods.setdefault(namespace, []).append(method)
    tags, bases = spec.tags(), spec.bases()
    namespaces = (
        Namespace(name, plural(name), tags[name], tuple(found), bases.get(name))
        for name, found in methods.items()
    )
    used = (ref for found in methods.values() for method in found for ref in method.models)
    ordered = tuple(sorted(namespaces, key=lambda n: n.name))
    return Api(ordered, _models(spec, set(used)), _buckets(spec, methods))


def _buckets(spec: Spec, methods: Mapping[str, list[Method]]) -> tuple[Bucket, ...]:
    """Make the limits, and see that no method names one that does not exist."""
    limits = spec.buckets()
    for method in (method for found in methods.values() for method in found):
        if method.bucket is not None and method.bucket not in limits:
            raise SpecError(f"{method.id}: the bucket {method.bucket!r} is not in x-buckets")
    return tuple(
        Bucket(None if name == "user" else name, limit["calls"], limit["seconds"])
        for name, limit in limits.items()
    )


def _models(spec: Spec, used: set[ModelRef]) -> dict[str, tuple[Model, ...]]:
    """Make the models that methods name, and those that these name, in the order of the spec."""
    parts = {model_ref(part): part for part in spec.schemas() if is_model(part)}
    made: dict[ModelRef, Model] = {}
    while used:
        ref = used.pop()
        made[ref] = _model(spec, parts[ref])
        used |= {inner for f in made[ref].fields for inner in f.type.models if inner not in made}
    modules: dict[str, list[Model]] = {}
    for ref in parts:
        if ref in made:
            modules.setdefault(ref.module, []).append(made[ref])
    return {name: tuple(modules[name]) for name in sorted(modules)}


def _model(spec: Spec, part: Located) -> Model:
    required = part.node.get("required", ())
    return Model(
        model_ref(part),
        part.node["description"],
        part.node.get("additionalProperties") is True,
        tuple(
            _field(spec, part.at(node), wire, required=wire in required)
            for wire, node in part.node["properties"].items()
        ),
        part.node.get("x-python-base"),
    )


def _field(spec: Spec, part: Located, wire: str, *, required: bool) -> Field:
    doc = _doc(spec, part, wire)
    return Field(field_name(wire), wire, type_of(spec, part, "read"), required, doc)


def _doc(spec: Spec, part: Located, name: str) -> str:
    doc: str | None = spec.resolve(part).node.get("description")
    if not doc:
        raise SpecError(f"{part.file}: {name} needs a description")
    return doc


class _Operation:
    """Lowers one operation; the parts of it that the steps share."""

    def __init__(self, spec: Spec, http: str, path: str, operation: Located, item: Located) -> None:
        self.spec = spec
        self.http = http
        self.path = path
        self.part = operation
        self.node = operation.node
        self.item = item
        self.id: str = operation.node["operationId"]

    def lower(self) -> tuple[str, Method]:
        namespace, _, name = self.id.partition(".")
        wrapper, body_params = self._body()
        parameters = self._parameters()
        method = Method(
            id=self.id,
            name=name,
            http=self.http,
            path=self._path({p.wire: p.name for p in parameters if p.location == "path"}),
            summary=self.node["summary"],
            description=self.node.get("description", ""),
            params=(*parameters, *body_params),
            wrapper=wrapper,
            file_body=self._file_body(),
            result=self._result(),
            paging=self.node.get("x-paging"),
            bucket=self.node.get("x-bucket"),
            long_poll=self.node.get("x-long-poll", False),
            failures=tuple(self._failures()),
        )
        return namespace, method

    # -- path and query ----------------------------------------------------------------------

    def _path(self, names: Mapping[str, str]) -> str:
        """Write the path with Python's names of its parameters."""
        return _PLACE.sub(lambda match: f"{{{names[match[1]]}}}", self.path)

    def _parameters(self) -> list[Param]:
        """Make the parameters; those of the path in its order, for they are positional."""
        shared = (self.item.at(node) for node in self.item.node.get("parameters", ()))
        own = (self.part.at(node) for node in self.node.get("parameters", ()))
        made = [self._parameter(self.spec.resolve(part)) for part in (*shared, *own)]
        placed = _PLACE.findall(self.path)
        if sorted(placed) != sorted(p.wire for p in made if p.positional):
            raise SpecError(f"{self.part.file}: {self.id} has other parameters than its path")
        return sorted(made, key=lambda p: placed.index(p.wire) if p.positional else len(placed))

    def _parameter(self, part: Located) -> Param:
        wire, location = part.node["name"], part.node["in"]
        return Param(
            name=parameter_name(wire, part.node.get("x-python-name")),
            wire=wire,
            location=location,
            type=type_of(self.spec, part.at(part.node["schema"]), "give"),
            required=part.node.get("required", False),
            doc=_doc(self.spec, part, wire),
            positional=location == "path",
        )

    # -- the body ----------------------------------------------------------------------------

    def _body(self) -> tuple[str | None, list[Param]]:
        """Return the key that wraps the body, and the parameters that make it."""
        body = self.node.get("requestBody")
        if body is None:
            return None, []
        media = body["content"].get(_JSON, body["content"].get(_FORM))
        if media is None:
            raise SpecError(f"{self.part.file}: the body of {self.id} is neither JSON nor a form")
        schema = self.spec.resolve(self.part.at(media["schema"]))
        wrapper, inner = self._unwrapped(schema, document=body["x-body"] == "document")
        if body["x-body"] == "document":
            return wrapper, [self._document(wrapper, inner, required=body.get("required", False))]
        required = inner.node.get("required", ())
        return wrapper, [
            self._field(inner.at(node), wire, required=wire in required)
            for wire, node in inner.node["properties"].items()
        ]

    def _unwrapped(self, schema: Located, *, document: bool) -> tuple[str | None, Located]:
        """Look into a body that is an object of one key, which holds all there is."""
        properties = schema.node.get("properties", {})
        if len(properties) == 1:
            ((key, node),) = properties.items()
            if document or "properties" in node:
                return key, schema.at(node)
        return None, schema

    def _document(self, wrapper: str | None, part: Located, *, required: bool) -> Param:
        wire = self.node["requestBody"].get("x-python-name") or snake(wrapper or "document")
        return Param(
            name=parameter_name(wire, part.node.get("x-python-name")),
            wire=wire,
            location="document",
            type=type_of(self.spec, part, "give"),
            required=required,
            doc=_doc(self.spec, part, wire),
        )

    def _field(self, part: Located, wire: str, *, required: bool) -> Param:
        node = part.node
        forms = [part, *(fields[wire] for _, fields in self._other_bodies() if wire in fields)]
        return Param(
            name=parameter_name(wire, node.get("x-python-name")),
            wire=wire,
            location="field",
            type=union(type_of(self.spec, form, "give") for form in forms),
            required=required and "x-kind-of" not in node,
            doc=_doc(self.spec, part, wire),
            positional=node.get("x-positional", False),
            kind_of=node.get("x-kind-of"),
        )

    def _file_body(self) -> FileBody | None:
        return next((FileBody(kind, tuple(fields)) for kind, fields in self._other_bodies()), None)

    def _other_bodies(self) -> Iterator[tuple[str, dict[str, Located]]]:
        """Yield the content types besides JSON, each with its fields.

        Where a file is all of the body, what tells the kind of it can be given, if not sent.
        """
        content = self.node.get("requestBody", {}).get("content", {})
        for content_type, media in content.items():
            schema = self.part.at(media["schema"])
            if content_type == _FORM:
                fields = schema.node["properties"]
                yield content_type, {wire: schema.at(node) for wire, node in fields.items()}
            elif content_type != _JSON:
                yield content_type, {media["x-field"]: schema, **self._kinds(media["x-field"])}

    def _kinds(self, wire: str) -> dict[str, Located]:
        fields = self.node["requestBody"]["content"][_JSON]["schema"]["properties"]
        return {k: self.part.at(n) for k, n in fields.items() if n.get("x-kind-of") == wire}

    # -- the answer --------------------------------------------------------------------------

    def _result(self) -> Result:
        status = next(status for status in self.node["responses"] if status.startswith("2"))
        response = self.spec.resolve(self.part.at(self.node["responses"][status]))
        doc = response.node["description"]
        content = response.node.get("content")
        if content is None:
            return Result(Type("None"), doc)
        key, schema = self._unwrapped_answer(response.at(content[_JSON]["schema"]))
        found = self.spec.resolve(schema)
        if found.node.get("type") == "array":
            return self._list(found, doc, key)
        maps, held = self._held(found)
        ref = self._ref(held)
        return Result(self._read(schema), doc, None, ref, key, maps if ref else 0)

    def _list(self, part: Located, doc: str, key: str | None) -> Result:
        item = self.spec.resolve(part.at(part.node["items"]))
        item_type = self._read(item)
        many = "Page" if self.node.get("x-paging") else "list"
        returns = Type(f"{many}[{item_type.python}]", item_type.models)
        return Result(returns, doc, item_type, self._ref(item), key)

    def _held(self, part: Located) -> tuple[int, Located]:
        """Look into maps of maps: how many there are, and what the innermost holds."""
        inner = part.node.get("additionalProperties")
        if not isinstance(inner, dict) or "properties" in part.node:
            return 0, part
        maps, held = self._held(self.spec.resolve(part.at(inner)))
        return maps + 1, held

    def _unwrapped_answer(self, schema: Located) -> tuple[str | None, Located]:
        if spec_name := schema.node.get("$ref"):
            return None, Located({"$ref": spec_name}, schema.file)
        properties: Mapping[str, Any] = schema.node.get("properties", {})
        keys = [key for key in properties if key != "meta"]
        if len(keys) != 1:
            return None, schema
        return keys[0], schema.at(properties[keys[0]])

    def _read(self, part: Located) -> Type:
        return type_of(self.spec, part, "read")

    def _ref(self, part: Located) -> ModelRef | None:
        return model_ref(part) if is_model(part) else None

    def _failures(self) -> Iterator[Failure]:
        docs: dict[str, list[str]] = {}
        for status, node in sorted(self.node["responses"].items()):
            if not status.startswith("2"):
                response = self.spec.resolve(self.part.at(node))
                docs.setdefault(ERRORS[status], []).append(response.node["description"])
        for error, found in docs.items():
            yield Failure(error, " ".join(dict.fromkeys(found)))
            if error == "RateLimitError":
                yield _QUOTA
