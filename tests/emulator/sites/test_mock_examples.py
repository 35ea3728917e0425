"""Saved examples as a mock server reads them: URLs, variables and bodies of all forms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postman_async.emulator.sites.mocks.examples import (
    Example,
    Segment,
    canonical_body,
    examples_of,
)
from postman_async.emulator.sites.mocks.variables import fill, scope


def saved(request: Any, **example: Any) -> dict[str, Any]:
    """Return a collection of one request with one example."""
    return {"item": [{"request": request, "response": [{"id": "a", "code": 200, **example}]}]}


def read(request: Any, variables: dict[str, str] | None = None, **example: Any) -> Example:
    """Return the only example of a collection."""
    (found,) = examples_of(saved(request, **example), variables or {})
    return found


def paths(url: Any, /, **variables: str) -> list[list[str]]:
    """Return the paths of a URL; wildcards are shown as ``:name``."""
    return [
        [f":{part.wildcard}" if part.wildcard and not part.text else part.text for part in path]
        for path in read({"url": url, "method": "GET"}, variables).paths
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/pets/1?a=1#top", [["pets", "1"]]),
        ("https://example.org", [[""]]),
        ("example.org/pets/", [["pets", ""]]),
        ("localhost:3000/pets", [["pets"]]),
        ("/pets", [["pets"]]),
        ("{{url}}/pets/:id", [["pets", ":id"]]),
        ("{{url}}/pets/{{id}}", [["pets", ":id"]]),
        ("{{url}}/pets/no-{{id}}", [["pets", "no-{{id}}"]]),
        ("{{url}}/a%20b", [["a b"]]),
        ({"raw": "https://example.org/pets"}, [["pets"]]),
        ({"host": ["example", "org"], "path": ["pets", ":id"]}, [["pets", ":id"]]),
        ({"host": "example.org", "path": "/pets/1"}, [["pets", "1"]]),
        ({"host": "h", "path": ["pets", {"type": "any", "value": "x"}]}, [["pets", "x"]]),
    ],
)
def test_addresses_of_all_forms(url: Any, expected: list[list[str]]) -> None:
    assert paths(url) == expected


def test_variables_fill_the_address() -> None:
    assert paths("{{url}}/{{kind}}/{{id}}", url="https://x.org", kind="pets") == [["pets", ":id"]]


def test_a_base_address_with_a_path_may_be_left_out() -> None:
    expected = [["v1", "pets"], ["pets"]]
    assert paths("{{base}}/pets", base="https://example.org/v1/") == expected
    assert paths({"host": ["{{base}}"], "path": ["pets"]}, base="https://x.org/v1") == expected
    assert paths("{{base}}/pets", base="/") == [["pets"]]


def test_a_path_variable_knows_its_usual_value() -> None:
    url = {"raw": "{{u}}/pets/:id", "variable": [{"key": "id", "value": "rex"}]}
    assert read({"url": url}).paths == ((Segment("pets"), Segment("rex", "id")),)


def test_parameters_that_are_switched_off_do_not_count() -> None:
    query = [{"key": "a", "value": "{{x}}"}, {"key": "b", "value": "2", "disabled": True}]
    url = {"host": "h", "path": [], "query": query}
    assert read({"url": url}, {"x": "1"}).query == (("a", "1"),)
    assert read({"url": "https://h/?a=1&b="}).query == (("a", "1"), ("b", ""))


def test_the_example_s_own_request_goes_before_the_present_one() -> None:
    found = read({"url": "/new"}, originalRequest={"url": "/old", "method": "post"})
    assert (found.method, found.paths) == ("POST", ((Segment("old"),),))
    assert read("/plain").method == "GET"


def test_headers_are_a_list_or_lines() -> None:
    expected = (("X-A", "1"), ("X-B", "2"))
    listed = [{"key": "X-A", "value": "1"}, {"key": "X-B", "value": "2"}]
    off = {"key": "X-C", "value": "3", "disabled": True}
    assert read("/", header=[*listed, off]).headers == expected
    assert read("/", header="X-A: 1\nX-B:2\nnonsense").headers == expected


@pytest.mark.parametrize(
    ("body", "headers", "content_type", "raw"),
    [
        (None, [], "", ""),
        ({"mode": "raw", "raw": "hi"}, [], "text/plain", "hi"),
        (
            {"mode": "raw", "raw": '{"a":1}', "options": {"raw": {"language": "json"}}},
            [],
            "application/json",
            '{"a": 1}',
        ),
        (
            {"mode": "raw", "raw": "<a/>"},
            [{"key": "Content-Type", "value": "application/xml"}],
            "application/xml",
            "<a/>",
        ),
        (
            {"mode": "urlencoded", "urlencoded": [{"key": "a", "value": "{{one}}"}]},
            [],
            "application/x-www-form-urlencoded",
            "a=1",
        ),
        (
            {"mode": "formdata", "formdata": [{"key": "a", "value": "1"}]},
            [],
            "multipart/form-data; boundary=x",
            '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
        ),
        (
            {"mode": "graphql", "graphql": {"query": "{ a }", "variables": "{}"}},
            [],
            "application/json",
            '{"variables": "{}", "query": "{ a }"}',
        ),
    ],
)
def test_a_saved_body_equals_the_same_body_on_the_wire(
    body: Any, headers: Any, content_type: str, raw: str
) -> None:
    found = read({"url": "/", "header": headers, "body": body}, {"one": "1"})
    assert found.sent_body == canonical_body(content_type, raw.encode())


@pytest.mark.parametrize(
    "document",
    [
        saved(None),
        saved({"method": "GET"}),
        saved({"url": 5}),
        saved("/", code=99),
        saved("/", code="200"),
        saved("/", code=True),
    ],
)
def test_an_example_that_makes_no_sense_is_none(document: Any) -> None:
    assert list(examples_of(document, {})) == []


def test_examples_are_found_at_any_depth() -> None:
    inner = saved("/a")["item"] + saved("/b")["item"]
    document = {"item": [{"item": [{"item": inner}]}, *saved("/c")["item"]]}
    found = [example.paths[0][0].text for example in examples_of(document, {})]
    assert found == ["a", "b", "c"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "url",
                    "raw",
                    "host",
                    "path",
                    "query",
                    "key",
                    "value",
                    "mode",
                    "options",
                    "variable",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
)


@given(JUNK, JUNK, JUNK)
def test_any_request_can_be_read(request: Any, original: Any, headers: Any) -> None:
    """Collections can have any age and shape; reading one never fails."""
    for example in examples_of(saved(request, originalRequest=original, header=headers), {}):
        assert example.paths


# -- variables ------------------------------------------------------------------------------


def test_later_lists_win_and_what_is_switched_off_is_not_there() -> None:
    collection = [{"key": "a", "value": "1"}, {"key": "b", "value": 2}, {"id": "c", "value": None}]
    environment = [
        {"key": "a", "value": "9"},
        {"key": "b", "value": "8", "enabled": False},
        {"key": "d", "value": True, "disabled": True},
    ]
    assert scope(collection, None, environment) == {"a": "9", "b": "2", "c": ""}


def test_variables_may_name_variables_and_circles_end() -> None:
    assert fill("{{a}}", {"a": "<{{ b }}>", "b": "1"}) == "<1>"
    assert fill("{{a}}-{{x}}", {"a": "{{a}}"}) == "{{a}}-{{x}}"


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_a_text_without_placeholders_stays(text: str, variables: dict[str, str]) -> None:
    plain = text.replace("{{", "")
    assert fill(plain, variables) == plain
