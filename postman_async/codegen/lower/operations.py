"""One operation of the spec as one method."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Mapping

from postman_async.codegen.ir import Credential, Method, Param, Type
from postman_async.codegen.lower.bodies import body
from postman_async.codegen.lower.failures import failures
from postman_async.codegen.lower.parameters import parameters
from postman_async.codegen.lower.results import accepted, echo, fixed_paging, redirects, result
from postman_async.codegen.lower.source import Source
from postman_async.codegen.lower.tasks import task_start

__all__ = ["method"]

_CREDENTIALS: Mapping[str, Credential] = {"apiKey": "key", "basic": "basic", "scimKey": "scim"}
"""The names of the security schemes in the spec, and what the engine calls them."""

_BASIC = (
    Param("client_id", "client_id", "user", Type("str"), True, "the id of the client."),
    Param("client_secret", "client_secret", "password", Type("str"), True, "its secret."),
)


def method(source: Source) -> Method:
    """Make the method of an operation."""
    name = source.id.rpartition(".")[2]
    if not name.isidentifier() or keyword.iskeyword(name):
        raise source.error(f"has a name that is no method name: {name!r}")
    found, sent = parameters(source), body(source)
    credential = _credential(source)
    basic = _BASIC if credential == "basic" else ()
    arguments = (*found.arguments, *basic, *sent.arguments)
    _check_arguments(source, arguments)
    return Method(
        id=source.id,
        name=name,
        http=source.http,
        path=found.path,
        summary=_summary(source),
        description=source.word("description", ""),
        params=arguments,
        headers=(*accepted(source), *found.headers),
        query=found.query,
        wrapper=sent.wrapper,
        content_type=sent.content_type,
        file_body=sent.file,
        result=result(source),
        task=task_start(source, arguments),
        redirects=redirects(source),
        paging=source.word("x-paging"),
        fixed_paging=fixed_paging(source, arguments),
        bucket=source.word("x-bucket"),
        long_poll=source.word("x-long-poll", False),
        safe=_safe(source),
        credential=credential,
        failures=failures(source),
        deprecated=_deprecated(source),
        echo=echo(source),
    )


def _summary(source: Source) -> str:
    summary: str | None = source.word("summary")
    if not summary:
        raise source.error("needs a summary")
    return summary


def _check_arguments(source: Source, arguments: tuple[Param, ...]) -> None:
    for name, times in Counter(p.name for p in arguments).items():
        if times > 1:
            raise source.error(f"has two arguments called {name!r}; give one an x-python-name")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise source.error(f"has an argument that is no Python name: {name!r}")
    known = {p.wire for p in arguments}
    for parameter in arguments:
        if parameter.kind_of is not None and parameter.kind_of not in known:
            raise source.error(f"names the kind of {parameter.kind_of!r}, which is no argument")


def _credential(source: Source) -> Credential:
    """Read OpenAPI's `security`: one scheme, an empty list for none, or nothing for the key."""
    security = source.word("security")
    if security is None:
        return "key"
    names = [name for requirement in security for name in requirement]
    if not names:
        return "none"
    if len(names) > 1 or names[0] not in _CREDENTIALS:
        raise source.error(f"has a security that is none of {sorted(_CREDENTIALS)}: {names}")
    return _CREDENTIALS[names[0]]


def _safe(source: Source) -> bool:
    safe: bool = source.word("x-safe", False)
    if safe and source.http != "POST":
        raise source.error("is called x-safe, which is for a POST that only reads")
    return safe


def _deprecated(source: Source) -> str | None:
    instead: str | None = source.word("x-instead")
    if source.word("deprecated", False):
        return instead or "Nothing replaces it."
    if instead is not None:
        raise source.error("has an x-instead, but is not deprecated")
    return None
