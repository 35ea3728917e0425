"""The choice of the saved example that answers a request to a mock server: pure functions.

The steps are documented: filter by the method and by the headers ``x-mock-response-…``; score
the path, lower for a looser comparison, and the query parameters; compare headers and body if
the rules say so.  The order of the scores is documented, their values are not:
https://learning.postman.com/docs/design-apis/mock-apis/matching-algorithm/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from attrs import Factory, frozen

from postman_async.emulator.sites.mocks.examples import Example, Pairs, Segment, canonical_body

__all__ = ["Match", "MockRequest", "NoMatch", "Rules", "choose", "path_fit", "query_share"]

_EXACT, _SLASH, _CASE, _WILDCARD, _IDS = 100.0, 95.0, 90.0, 85.0, 75.0
_BASE_LEFT_OUT = 0.5  # less than any other difference
_ID = re.compile(
    r"[0-9]+|[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)


class NoMatch(Exception):
    """No example matches the request; the message names the step that excluded the last one."""


@frozen
class MockRequest:
    """A request to a mock server.

    Attributes:
        method: the method in upper case.
        path: the decoded segments of the path, without the leading slash.
        query: the query parameters.
        headers: the headers; the names are lower case.
        body: the raw body.
    """

    method: str
    path: Sequence[str]
    query: Pairs = ()
    headers: Mapping[str, str] = Factory(dict)
    body: bytes = b""


@frozen
class Rules:
    """The matching rules of a mock server.

    Attributes:
        headers: the names of the headers that must be equal.
        body: whether the body must be equal.
        query: whether query parameters affect the score.
        wildcards: whether unresolved variables in the path match any segment.
    """

    headers: Sequence[str] = ()
    body: bool = False
    query: bool = True
    wildcards: bool = True

    def for_request(self, headers: Mapping[str, str]) -> Rules:
        """Return the rules for one request, whose headers override the settings."""
        names = headers.get("x-mock-match-request-headers")
        body = headers.get("x-mock-match-request-body")
        return Rules(
            headers=self.headers if names is None else [n.strip() for n in names.split(",")],
            body=self.body if body is None else body.strip().lower() == "true",
            query=self.query,
            wildcards=self.wildcards,
        )


class Match(NamedTuple):
    """The chosen example, and the values of its wildcards."""

    example: Example
    captured: Mapping[str, str]


class _Scored(NamedTuple):
    score: float
    match: Match


def choose(examples: Sequence[Example], request: MockRequest, rules: Rules) -> Match:
    """Return the best matching example.

    Raises:
        NoMatch: no example matches.
    """
    rules = rules.for_request(request.headers)
    fitting = [example for example in examples if example.method == request.method]
    if not fitting:
        raise NoMatch("No example is saved for the method.")
    chosen = _by_code(fitting, request.headers.get("x-mock-response-code"))
    picked = _by_id_or_name(chosen, request.headers)
    scored = [_scored(example, request, rules) for example in picked or chosen]
    best = [each for each in scored if each is not None and _fits(each, request, rules)]
    if best:
        highest = max(each.score for each in best)
        return _first([each.match for each in best if each.score == highest])
    if picked:  # an example that is requested by name matches any path
        return _first([Match(example, {}) for example in picked])
    raise NoMatch("No example is saved for the path.")


def _by_code(examples: list[Example], code: str | None) -> list[Example]:
    if code is None:
        return examples
    found = [example for example in examples if str(example.code) == code.strip()]
    if not found:
        raise NoMatch("No example has the status of the header x-mock-response-code.")
    return found


def _by_id_or_name(examples: list[Example], headers: Mapping[str, str]) -> list[Example]:
    """Return the examples that the headers request by id or name; empty without such headers."""
    identifier = headers.get("x-mock-response-id")
    name = headers.get("x-mock-response-name")
    if identifier is not None:
        bare = identifier.partition("-")[2]  # without the id of the owner
        found = [example for example in examples if example.id == identifier]
        found = found or [example for example in examples if bare and example.id == bare]
        if not found:
            raise NoMatch("No example has the id of the header x-mock-response-id.")
        return found
    if name is None:
        return []
    found = [example for example in examples if example.name == name]
    if not found:
        raise NoMatch("No example has the name of the header x-mock-response-name.")
    return found


def _first(matches: list[Match]) -> Match:
    """Return the first match by id with the status 200, else the first by id."""
    ordered = sorted(matches, key=lambda match: match.example.id)
    return next((match for match in ordered if match.example.code == 200), ordered[0])


def _scored(example: Example, request: MockRequest, rules: Rules) -> _Scored | None:
    found = [path_fit(path, request.path, wildcards=rules.wildcards) for path in example.paths]
    scores = [
        (fit[0] - _BASE_LEFT_OUT * index, fit[1])
        for index, fit in enumerate(found)
        if fit is not None
    ]
    if not scores:
        return None
    score, captured = max(scores, key=lambda each: each[0])
    if rules.query:
        score *= 0.5 + 0.5 * query_share(example.query, request.query)
    return _Scored(score, Match(example, captured))


def _fits(scored: _Scored, request: MockRequest, rules: Rules) -> bool:
    """Return whether the headers and the body satisfy the rules."""
    example = scored.match.example
    for name in map(str.lower, rules.headers):
        wanted, sent = (side.get(name, "") for side in (example.sent_headers, request.headers))
        if wanted.casefold() != sent.casefold():
            return False
    if not rules.body:
        return True
    return example.sent_body == canonical_body(
        request.headers.get("content-type", ""), request.body
    )


def path_fit(
    segments: Sequence[Segment], path: Sequence[str], *, wildcards: bool
) -> tuple[float, dict[str, str]] | None:
    """Return the score of a path and the values of its wildcards; None without a match."""
    if _same(segments, path, _equal):
        return _EXACT, _captured(segments, path)
    wanted, given = _trimmed([*segments]), [*path[:-1], *filter(None, path[-1:])]
    if len(wanted) != len(given):
        return None
    free = sum(1 for segment in wanted if segment.wildcard is not None)
    steps = [(_SLASH, _equal), (_CASE, _equal_lowered)]
    if wildcards:
        steps.append((_WILDCARD - min(free, 9), _equal_or_free))
    for score, same in (*steps, (_IDS, _equal_or_ids)):
        if _same(wanted, given, same):
            return score, _captured(wanted, given)
    return None


def _trimmed(segments: list[Segment]) -> list[Segment]:
    return segments[:-1] if segments and segments[-1] == Segment("") else segments


def _same(
    segments: Sequence[Segment], path: Sequence[str], same: Callable[[Segment, str], bool]
) -> bool:
    return len(segments) == len(path) and all(map(same, segments, path))


def _captured(segments: Sequence[Segment], path: Sequence[str]) -> dict[str, str]:
    pairs = zip(segments, path, strict=True)
    return {segment.wildcard: part for segment, part in pairs if segment.wildcard is not None}


def _equal(segment: Segment, part: str) -> bool:
    return segment.text == part and (segment.wildcard is None or part != "")


def _equal_lowered(segment: Segment, part: str) -> bool:
    return _equal(segment._replace(text=segment.text.casefold()), part.casefold())


def _equal_or_free(segment: Segment, part: str) -> bool:
    return _equal_lowered(segment, part) or (segment.wildcard is not None and part != "")


def _equal_or_ids(segment: Segment, part: str) -> bool:
    both_ids = _ID.fullmatch(segment.text) is not None and _ID.fullmatch(part) is not None
    return _equal_lowered(segment, part) or both_ids


def query_share(wanted: Pairs, sent: Pairs) -> float:
    """Return the share of equal parameters among those of both sides, from 0 to 1."""
    sides = [_grouped(wanted), _grouped(sent)]
    names = sides[0].keys() | sides[1].keys()
    equal = sum(1 for name in names if sides[0].get(name) == sides[1].get(name))
    return equal / len(names) if names else 1.0


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in sorted(pairs):
        values.setdefault(name, []).append(value)
    return values
